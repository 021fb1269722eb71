import {
  ScriptedBackend,
  type ScriptedExchange,
  type ScriptedStep,
} from "../../backends/scripted_backend.ts";
import { testSandboxBackend } from "../conformance/sandbox_backend.ts";

const works = { name: "fetch", args: { url: "https://example.com/" } };
const fails = { name: "fetch", args: { url: "https://example.com/no" } };
const slow = { name: "fetch", args: { url: "https://example.com/slow" } };
const bad = { name: "fetch", args: { url: 5 } };
const hello = { status: 200, text: "hello", links: ["https://example.com/a"] };

const echo = (n: number) => {
  const call = { name: "echo", args: { n } };
  return { call, observation: { status: 200, n } };
};
const exchange = (n: number) => {
  return { command: { op: "echo", n }, reply: { ok: true, n } };
};
const numbers = Array.from({ length: 32 }, (_, n) => n);

const steps: ScriptedStep[] = [
  { call: works, observation: hello },
  { call: fails, observation: { status: 500, error: "no such page" } },
  { call: bad, observation: { status: 400, error: "url: no text" } },
  { call: slow, pending: true },
  {
    call: { name: "no_such_tool", args: {} },
    observation: { status: 400, error: "there is no such tool" },
  },
  ...numbers.map(echo),
];
const sessions: ScriptedExchange[] = [
  ...numbers.map(exchange),
  { command: { op: "slow" }, pending: true },
];

testSandboxBackend({
  name: "ScriptedBackend",
  open: () =>
    new ScriptedBackend(steps.map((step) => ({ ...step, times: Infinity })), {
      anyOrder: true,
      sessions: sessions.map((each) => ({ ...each, times: Infinity })),
    }),
  running: ({ running }) => running,
  spec: { image: "alpine", command: ["sleep", "60"], env: { LANG: "C" } },
  supports: { timeouts: true, liveCancellation: true, sessions: true },
  calls: {
    works: { call: works, observation: hello },
    fails: { call: fails },
    slow: { call: slow },
    badArguments: [{ call: bad }],
    echo,
  },
  session: { exchange, slow: { op: "slow" } },
});

testSandboxBackend({
  name: "ScriptedBackend (a tier)",
  open: () =>
    new ScriptedBackend([
      { call: works, observation: hello, times: Infinity },
      { observation: { status: 500, error: "failed" }, times: Infinity },
    ], { anyOrder: true }),
  running: ({ running }) => running,
  spec: { tier: "browser" },
  calls: {
    works: { call: works, observation: hello },
    fails: { call: fails },
  },
});
