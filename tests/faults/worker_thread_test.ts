import { assert } from "@std/assert";
import { nameOf, openLog, SOME, withFolder } from "./_logs.ts";
import { survives } from "./_trial.ts";

const MORTAL = new URL("../sinks/sqlite/_mortal_thread.ts", import.meta.url);

/** Starts threads that can be told to die, in place of the sink's own. */
class MortalThreads implements Disposable {
  readonly started: Worker[] = [];
  ended = 0;
  readonly #real = globalThis.Worker;

  constructor() {
    const { started } = this;
    const onEnd = () => void this.ended++;
    globalThis.Worker = class extends this.#real {
      constructor(_url: string | URL, options?: WorkerOptions) {
        super(MORTAL, options);
        started.push(this);
      }
      override terminate(): void {
        onEnd();
        super.terminate();
      }
    };
  }

  /** Tells the living writers how to die, and at which of their calls. */
  arm(when: "before" | "after", how: "throws" | "rejects"): void {
    for (const worker of this.started) {
      worker.postMessage({ mortal: { when, how } });
    }
  }

  [Symbol.dispose](): void {
    globalThis.Worker = this.#real;
  }
}

const DEATHS = (["before", "after"] as const).flatMap((when) =>
  (["throws", "rejects"] as const).map((how) => ({ when, how }))
);

for (const variant of SOME) {
  if (variant.kind !== "sqlite") continue;
  Deno.test(
    `worker thread dying: ${
      nameOf(variant)
    } tells the appends that were with it, and starts another`,
    async () => {
      await withFolder(async (folder) => {
        using threads = new MortalThreads();
        const open = () => openLog(`${folder}/log`, variant);
        const deaths = DEATHS.map(({ when, how }) => ({
          codes: ["io"],
          says: /thread has died.*the next call starts another/,
          begin: () => threads.arm(when, how),
          end: () => {},
          mayPass: true,
        }));
        await survives(folder, open, ...deaths);
        assert(threads.ended >= threads.started.length);
      });
    },
  );
}
