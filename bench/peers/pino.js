// pino in a loop, without what it would add to an event: no time, pid or host.
// A line is `{"level":30,` and the event.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import pino from "pino";
import { perSecond, serve } from "./_serve.js";

/** After how many events the loop lets others run, as so many appenders would. */
const TURN = 64;

let events = [];

await serve({
  versions: () => ({ pino: pino.version }),
  load({ path }) {
    events = readFileSync(path, "utf8").trimEnd().split("\n")
      .map((text) => JSON.parse(text));
  },
  async log({ path, count, sync, fsync, minLength }) {
    const destination = pino.destination({
      dest: path,
      sync,
      fsync,
      minLength,
    });
    await once(destination, "ready");
    const log = pino({ base: undefined, timestamp: false }, destination);
    const rate = await perSecond(count, async () => {
      for (let n = 0; n < count; n++) {
        log.info(events[n]);
        if ((n + 1) % TURN === 0) await setImmediate();
      }
      // Until all but what waits for company has been written.
      while (destination._writing) await once(destination, "drain");
    });
    destination.end();
    await once(destination, "close");
    return rate;
  },
});
