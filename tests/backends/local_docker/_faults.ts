// What may go wrong between LocalDockerBackend and its engine.
import type { FaultKind } from "../../fakes/fake_engine/faults.ts";

/** What may go wrong with any answer. */
export const FAULTS: Readonly<Record<string, FaultKind>> = {
  "an error": { kind: "500", message: "no space left on device" },
  "an error in spite of which it is done": { kind: "500", isDone: true },
  "a closed connection": { kind: "reset" },
  "a closed connection after it is done": { kind: "reset", isDone: true },
  "noise": { kind: "garbage" },
  "noise after it is done": { kind: "garbage", isDone: true },
  "half of its JSON": { kind: "reset mid-stream", after: 5 },
  "JSON that is none": { kind: "bad json" },
};

/** What may go wrong in the middle of an answer, be it JSON or a stream. */
export const STREAM_FAULTS: Readonly<Record<string, FaultKind>> = {
  "no more than a header": { kind: "reset mid-stream", after: 0 },
  "half of a frame's header": { kind: "half a frame", cut: "header" },
  "half of a frame": { kind: "half a frame", cut: "body" },
  "one piece, and the rest later": {
    kind: "slow",
    after: 3,
    until: Promise.resolve(),
  },
};

/** JSON that is some, but not what was asked for. */
export const ODD_ANSWERS: Readonly<Record<string, FaultKind>> = {
  "an object without fields": { kind: "altered", alter: () => ({}) },
  "null": { kind: "altered", alter: () => null },
  "a list of nulls": { kind: "altered", alter: () => [null] },
  "fields without fields": { kind: "altered", alter: hollow },
};

/** The same, but that there is nothing in what is in it. */
function hollow(json: unknown): unknown {
  if (typeof json !== "object" || json === null) return json;
  if (Array.isArray(json)) return json.map(() => ({}));
  return Object.fromEntries(
    Object.entries(json).map(([name, value]) => [
      name,
      typeof value === "object" && value !== null ? {} : value,
    ]),
  );
}

/** What a launch asks of the engine, in this order. */
export const LAUNCH_ROUTES: Readonly<
  Record<string, { method: string; path: RegExp }>
> = {
  "looking for the image": { method: "GET", path: /^\/images\/.*\/json/ },
  "creating": { method: "POST", path: /^\/containers\/create/ },
  "attaching": { method: "POST", path: /\/attach/ },
  "starting": { method: "POST", path: /^\/containers\/[^/]+\/start/ },
  "inspecting": { method: "GET", path: /^\/containers\/[^/]+\/json/ },
};
