import type { EgressPolicy } from "../../backends/egress_policy.ts";
import { makeForwarderImage } from "../../backends/forwarder_image.ts";
import { LocalDockerBackend } from "../../backends/local_docker_backend.ts";
import { Attempts } from "./attempts.ts";
import { CLIENT_IMAGE, makeClientImage } from "./client_image.ts";
import { connectEngine } from "./engine.ts";
import { lookUp } from "./look_up.ts";
import {
  FLIP_SUFFIX,
  INSIDE_SUFFIX,
  NAMES,
  PORTS,
  PUBLIC,
  WILD_SUFFIX,
} from "./plan.ts";
import type { Range, SandboxRange } from "./range.ts";
import { SandboxPlace } from "./sandbox_place.ts";

/** The image of the forwarder that is made where none is named. */
const FORWARDER_IMAGE = "localhost/zu-test/egress-forwarder:1";

/** What the first sandbox may reach: far more than an attacker should need. */
const POLICY_A: EgressPolicy = {
  allow: [
    NAMES.allowed,
    { host: NAMES.allowed, port: PORTS.lengthFirst },
    { host: NAMES.allowed, port: PORTS.echo },
    { host: NAMES.far, methods: ["GET", "HEAD"] },
    { host: `*${INSIDE_SUFFIX}`, port: PORTS.host },
    { host: `*${FLIP_SUFFIX}`, port: PORTS.lengthFirst },
    `*${WILD_SUFFIX}`,
  ],
  deny: [`secret${WILD_SUFFIX}`],
};

/** What the second one may reach, and how long it may be idle. */
const POLICY_B: EgressPolicy = {
  allow: [NAMES.other],
  idleTimeoutMs: 1_200,
};

/** What the backends of the check differ in. */
interface BackendOptions {
  readonly forwarderImage: string;
  readonly attempts: Attempts;
  readonly onWarning?: (warning: string) => void;
}

/** Makes a backend for the world: what is public there is not public here. */
export function makeBackend(
  { forwarderImage, attempts, onWarning = console.warn }: BackendOptions,
): LocalDockerBackend {
  return new LocalDockerBackend({
    imagePolicy: { pull: "never" },
    onWarning,
    egress: {
      forwarderImage,
      treatAsPublic: PUBLIC,
      resolve: lookUp,
      onAttempt: attempts.add,
    },
  });
}

/** What sandboxes are made of. */
export interface SandboxOptions {
  /** The root folder of those that attack. */
  readonly root: string;
  /** The image of their forwarders; undefined if it is to be made. */
  readonly forwarderImage: string | undefined;
}

/** Does something with two sandboxes, which are gone afterwards. */
export async function withSandboxes(
  range: Range,
  { root, forwarderImage = FORWARDER_IMAGE }: SandboxOptions,
  what: (sandboxes: SandboxRange) => Promise<void>,
): Promise<void> {
  const engine = await connectEngine();
  await makeClientImage(engine, root);
  if (forwarderImage === FORWARDER_IMAGE) {
    await makeForwarderImage({ image: forwarderImage, replace: true });
  }
  const attempts = new Attempts();
  const warnings: string[] = [];
  await using backend = makeBackend({
    forwarderImage,
    attempts,
    onWarning: (warning) => warnings.push(warning),
  });
  const launch = async (policy: EgressPolicy, allowed: string) =>
    new SandboxPlace(
      backend,
      await backend.launch({
        image: CLIENT_IMAGE,
        network: { egress: policy },
      }),
      allowed,
    );
  const [a, b] = await Promise.all([
    launch(POLICY_A, NAMES.allowed),
    launch(POLICY_B, NAMES.other),
  ]);
  await what({
    ...range,
    ...{ engine, forwarderImage, attempts, warnings },
    ...{ a, b, policy: POLICY_A },
  });
}
