import type { LocalDockerBackend } from "../../../backends/local_docker_backend.ts";
import { testSandboxBackend } from "../../conformance/sandbox_backend.ts";
import type { FakeEngine } from "../../fakes/fake_engine/fake_engine.ts";
import { backendFor, IMAGE, startEngine } from "./_fake_backend.ts";

const engines = new WeakMap<LocalDockerBackend, FakeEngine>();
const call = (name: string, text?: unknown) => ({
  name,
  args: text === undefined ? {} : { text },
});

testSandboxBackend({
  name: "LocalDockerBackend (a fake engine)",
  open: async () => {
    const engine = await startEngine();
    const backend = backendFor(engine, { allowUnrestrictedEgress: false });
    engines.set(backend, engine);
    return backend;
  },
  close: async (backend) => {
    await backend.close();
    await engines.get(backend)!.close();
  },
  running: (backend) => engines.get(backend)!.containers.length,
  spec: { image: IMAGE, env: { LANG: "C" } },
  supports: {
    isolation: true,
    timeouts: true,
    liveCancellation: true,
    sessions: true,
  },
  calls: {
    works: {
      call: call("say", '{"status":200,"text":"hello"}'),
      observation: { status: 200, text: "hello" },
    },
    fails: { call: call("fail") },
    slow: { call: call("sleep") },
    badArguments: [{ call: call("say", 5) }],
    echo: (n) => ({
      call: call("say", JSON.stringify({ n })),
      observation: { status: 200, n },
    }),
    state: {
      set: call("remember", "here"),
      get: call("recall"),
      unset: { status: 200, found: "" },
      found: { status: 200, found: "here" },
    },
  },
  session: {
    command: ["server"],
    exchange: (n) => ({ command: { op: "echo", n }, reply: { ok: true, n } }),
    slow: { op: "slow" },
  },
  failing: [
    {
      why: "its image is not there",
      spec: { image: "localhost/none:1", imagePolicy: { pull: "never" } },
      code: "image_unavailable",
    },
  ],
});
