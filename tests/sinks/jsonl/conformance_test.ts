import { JsonlSink, type JsonlSinkOptions } from "../../../sinks/jsonl_sink.ts";
import {
  type SinkTestLog,
  testEventSink,
} from "../../conformance/event_sink.ts";

/** The sink itself opens the log at the first call; the suite wants it open. */
async function opened(
  log: SinkTestLog,
  options: JsonlSinkOptions,
): Promise<JsonlSink> {
  const sink = new JsonlSink(`${await log.folder()}/log.jsonl`, options);
  await sink.open();
  return sink;
}

const { supports } = new JsonlSink("log.jsonl");

for (const fsync of ["batch", "never"] as const) {
  testEventSink({
    name: `JsonlSink (fsync ${fsync})`,
    supports,
    open: (log, options) => opened(log, { fsync, ...options }),
  });
}

testEventSink({
  name: "JsonlSink (rotating often)",
  supports,
  open: (log, options) =>
    opened(log, { maxBytes: 4096, rememberedParts: 64, ...options }),
});
