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
