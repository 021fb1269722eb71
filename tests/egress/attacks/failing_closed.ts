import { BackendError } from "../../../backends/backend_error.ts";
import type { Attack } from "../attack.ts";
import { Attempts } from "../attempts.ts";
import { CLIENT_IMAGE } from "../client_image.ts";
import { NAMES } from "../plan.ts";
import { SandboxPlace } from "../sandbox_place.ts";
import { makeBackend } from "../sandboxes.ts";

/** How many sandboxes are launched at the same time. */
const SANDBOXES = 12;

const spec = {
  image: CLIENT_IMAGE,
  network: { egress: { allow: [NAMES.allowed] } },
};

const withoutForwarder: Attack = {
  name: "a launch without a forwarder's image",
  lesson: 37,
  from: "a",
  control: undefined,
  sandbox: async () => {
    await using backend = makeBackend({
      forwarderImage: "localhost/zu-test/there-is-none:1",
      attempts: new Attempts(),
    });
    try {
      await backend.launch(spec);
    } catch (error) {
      if (error instanceof BackendError && error.code === "network_refused") {
        return error.code;
      }
      throw error;
    }
    throw new Error("it was launched all the same");
  },
};

const many: Attack = {
  name: `${SANDBOXES} sandboxes at once, without a network of the engine's`,
  lesson: 36,
  from: "a",
  control: undefined,
  sandbox: async ({ engine, forwarderImage }) => {
    const before = await engine.listNetworks();
    const attempts = new Attempts();
    await using backend = makeBackend({ forwarderImage, attempts });
    const launches = Array.from({ length: SANDBOXES }, async () => {
      const sandbox = await backend.launch(spec);
      await new SandboxPlace(backend, sandbox, NAMES.allowed).look();
    });
    await Promise.all(launches);
    const after = await engine.listNetworks();
    if (after.length !== before.length) {
      throw new Error(`${after.length - before.length} networks were made`);
    }
    return `${attempts.count} × closed`;
  },
};

/** For what was on its way when the last attack was over. */
export const lastLook: Attack = {
  name: "nothing has come in late",
  from: "a",
  control: undefined,
  sandbox: ({ attempts, a }) => {
    const { length } = attempts.since(0).filter(({ sandbox }) =>
      sandbox === a.sandbox.id
    );
    return Promise.resolve(`${length} in all`);
  },
};

/** What has to be so, or there is no sandbox. */
export function launches(): Attack[] {
  return [withoutForwarder, many];
}
