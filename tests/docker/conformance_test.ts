import { testSandboxBackend } from "../conformance/sandbox_backend.ts";
import { dockerTest, TestBackend } from "./_engine.ts";
import { IMAGES } from "./_images.ts";

const say = (text: unknown) => ({ name: "say", args: { text } });
const script = (text: string) => ({ name: "script", args: { text } });

/** Answers each line with what it was sent, and the numbers of its commands. */
const SERVER = `while read -r line; do
  case $line in
    *'"op":"slow"'*) continue ;;
    *'"op":"close"'*) echo '{"closed":true}'; exit ;;
  esac
  n=\${line##*'"n":'}; n=\${n%%,*}; n=\${n%%'}'*}
  echo '{"ok":true,"n":'$n'}'
done`;

testSandboxBackend({
  name: "LocalDockerBackend",
  open: () =>
    new TestBackend({
      allowUnrestrictedEgress: false,
      tools: {
        say: ({ text }) => {
          if (typeof text !== "string") throw new TypeError("text is no text");
          return ["printf", "%s", text];
        },
        script: ({ text }) => ["sh", "-c", String(text)],
      },
    }),
  running: (backend) => backend.containers(),
  spec: { image: IMAGES.busybox, env: { LANG: "C" } },
  supports: {
    isolation: true,
    timeouts: true,
    liveCancellation: true,
    sessions: true,
  },
  calls: {
    works: {
      call: say('{"status":200,"text":"hello"}'),
      observation: { status: 200, text: "hello" },
    },
    fails: { call: script("exit 3") },
    slow: { call: script("sleep 1000") },
    badArguments: [{ call: say(5) }],
    unknownTool: { call: { name: "no_such_tool", args: {} } },
    echo: (n) => ({
      call: script(`echo '{"n":${n}}'`),
      observation: { status: 200, n },
    }),
    state: {
      set: script("echo here > /tmp/state; echo '{}'"),
      get: script('echo "{\\"found\\":\\"$(cat /tmp/state 2>/dev/null)\\"}"'),
      unset: { status: 200, found: "" },
      found: { status: 200, found: "here" },
    },
  },
  session: {
    command: ["sh", "-c", SERVER],
    exchange: (n) => ({ command: { op: "echo", n }, reply: { ok: true, n } }),
    slow: { op: "slow" },
  },
  failing: [
    {
      why: "its image is not there",
      spec: { image: "localhost/zu-test/none:1" },
      code: "image_unavailable",
    },
    {
      why: "its program is not there",
      spec: { image: IMAGES.busybox, command: ["/no/such"] },
      code: "start_failed",
    },
    {
      why: "its user is not there",
      spec: { image: IMAGES.busybox, user: "nobody-here" },
      code: "start_failed",
    },
  ],
  patienceMs: 40_000,
  register: ({ name, ignore, fn }) => {
    if (ignore) Deno.test({ name, ignore, fn });
    else dockerTest(name, fn);
  },
});
