import { LocalDockerBackend } from "../../backends/local_docker_backend.ts";
import { testSandboxBackend } from "../conformance/sandbox_backend.ts";

class Named extends LocalDockerBackend {
  readonly run_: string;
  constructor(run: string) {
    super({
      runId: run,
      onWarning: (m) => console.log("WARN", m),
      tools: {
        say: ({ json }) => {
          if (typeof json !== "object") throw new TypeError("json is missing");
          return ["echo", JSON.stringify(json)];
        },
        fail: () => ["sh", "-c", "exit 3"],
        slow: () => ["sleep", "1000"],
        set: () => ["sh", "-c", "echo 1 >/tmp/here; echo '{}'"],
        get: () => ["sh", "-c", "test -e /tmp/here && echo '{\"is\":true}' || echo '{\"is\":false}'"],
      },
    });
    this.run_ = run;
  }
}
const call = (name: string, args = {}) => ({ name, args });
const server = `while read -r line; do case "$line" in *slow*) sleep 1000;; *) n=\${line#*\\"n\\":}; n=\${n%%[!0-9]*}; id=\${line#*\\"id\\":}; id=\${id%%[,\\}]*}; echo "{\\"id\\":$id,\\"ok\\":true,\\"n\\":$n}";; esac; done`;
testSandboxBackend({
  name: "LocalDockerBackend",
  open: () => new Named(`conf-${crypto.randomUUID()}`),
  running: async (b) => {
    const { stdout } = await new Deno.Command("docker", { args: ["ps", "-aq", "--filter", `label=zu.run=${b.run_}`] }).output();
    return new TextDecoder().decode(stdout).split("\n").filter(Boolean).length;
  },
  spec: { image: "zu-test/busybox:1", imagePolicy: { pull: "never" }, env: { A: "1" }, ttlMs: 120_000 },
  supports: { isolation: true, timeouts: true, liveCancellation: true, sessions: true },
  calls: {
    works: { call: call("say", { json: { hello: [1] } }), observation: { status: 200, hello: [1] } },
    fails: { call: call("fail") },
    slow: { call: call("slow") },
    badArguments: [{ call: call("say") }, { call: call("render_dom") }, { call: call("render_dom", { url: "--version" }) }],
    echo: (n) => ({ call: call("say", { json: { n } }), observation: { status: 200, n } }),
    state: { set: call("set"), get: call("get"), unset: { status: 200, is: false }, found: { status: 200, is: true } },
  },
  session: {
    command: ["sh", "-c", server],
    exchange: (n) => ({ command: { op: "echo", n }, reply: { ok: true, n } }),
    slow: { op: "slow" },
  },
  failing: [
    { why: "no such image", spec: { image: "zu-test/none:1", imagePolicy: { pull: "never" } }, code: "image_unavailable" },
    { why: "no such program", spec: { image: "zu-test/busybox:1", imagePolicy: { pull: "never" }, command: ["/no/such"] }, code: "start_failed" },
  ],
});
