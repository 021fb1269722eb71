// LocalDockerBackend on a fake engine, with a few programs to run.
import {
  LocalDockerBackend,
  type LocalDockerBackendOptions,
} from "../../../backends/local_docker_backend.ts";
import type { FakeContainer } from "../../fakes/fake_engine/fake_container.ts";
import {
  FakeEngine,
  type FakeEngineOptions,
} from "../../fakes/fake_engine/fake_engine.ts";
import {
  ask,
  forwarder,
  FORWARDER_FAKE_IMAGE,
  FORWARDER_PROGRAM,
} from "../../fakes/fake_engine/forwarder_program.ts";
import {
  BASIC_PROGRAMS,
  type Program,
  programsByName,
} from "../../fakes/fake_engine/programs.ts";
import { sandboxPrograms } from "../../fakes/fake_engine/sandbox_programs.ts";

/** The image that the fake engine has, beside that of the forwarder. */
export const IMAGE = "localhost/box:1";
/** The images that the fake engine has. */
export const IMAGES = {
  [IMAGE]: {},
  "localhost/zu-egress-forwarder:1": FORWARDER_FAKE_IMAGE,
} as const;

const states = new WeakMap<FakeContainer, string>();

/** The programs of its images. */
export const PROGRAMS: Readonly<Record<string, Program>> = {
  ...BASIC_PROGRAMS,
  [FORWARDER_PROGRAM]: forwarder,
  ask,
  say: async ([, text = ""], io) => {
    await io.stdout(text);
    return 0;
  },
  fail: async (_argv, io) => {
    await io.stderr("why");
    return 3;
  },
  // Says something, and then goes on for ever.
  linger: async (_argv, io) => {
    await io.stdout("on\n");
    return await new Promise(() => {});
  },
  // As a forwarder whose proxy does not answer: it goes on trying.
  unreachable: async (_argv, io) => {
    await io.stderr("waiting for /zu/egress.sock: Connection refused\n");
    return await new Promise(() => {});
  },
  remember: async ([, text = ""], io) => {
    states.set(io.container, text);
    await io.stdout("{}");
    return 0;
  },
  recall: async (_argv, io) => {
    await io.stdout(JSON.stringify({ found: states.get(io.container) ?? "" }));
    return 0;
  },
  server: async (_argv, io) => {
    let rest = "";
    const decoder = new TextDecoder();
    for await (const bytes of io.stdin) {
      const lines = (rest + decoder.decode(bytes, { stream: true })).split(
        "\n",
      );
      rest = lines.pop()!;
      for (const line of lines) {
        const { op, n, id } = JSON.parse(line);
        if (op === "slow") continue;
        const reply = op === "close" ? { closed: true } : { ok: true, n };
        await io.stdout(`${JSON.stringify({ id, ...reply })}\n`);
        if (op === "close") return 0;
      }
    }
    return 0;
  },
};

/** A fake engine that has the image and its programs. */
export async function startEngine(
  options: Partial<FakeEngineOptions> = {},
  sandbox: Parameters<typeof sandboxPrograms>[1] = {},
): Promise<FakeEngine> {
  return await FakeEngine.start({
    images: IMAGES,
    programs: sandboxPrograms(programsByName(PROGRAMS), sandbox),
    ...options,
  });
}

/** A backend for a fake engine, which keeps what it has to say to itself. */
export function backendFor(
  { socketPath }: FakeEngine,
  options: LocalDockerBackendOptions = {},
): LocalDockerBackend {
  return new LocalDockerBackend({
    socketPath,
    onWarning: () => {},
    tools: {
      say: ({ text }) => {
        if (typeof text !== "string") throw new TypeError("text is no text");
        return ["say", text];
      },
      fail: () => ["fail"],
      sleep: () => ["sleep", "9"],
      remember: ({ text }) => ["remember", String(text)],
      recall: () => ["recall"],
    },
    ...options,
  });
}

/** Bytes as text. */
export function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
