// Random operations on every sink against the memory sink: on one handle or two,
// through being closed and opened, rotated and followed.
import fc from "fast-check";
import { AesGcmCodec, ManagedAesGcmCodec } from "../../codec/mod.ts";
import {
  type EventSink,
  SqliteSink,
  type SqliteSinkOptions,
} from "../../sinks/mod.ts";
import { type FsyncPolicy, JsonlSink } from "../../sinks/jsonl_sink.ts";
import { hasWalResetBug } from "../../sinks/sqlite/wal_reset_bug.ts";
import { SinkPair } from "../conformance/event_sink/sink_pair.ts";
import { reportRow, runsOf } from "./_form.ts";
import { ANY_COMMAND, CTX_FIELDS, type Tested } from "./_sink_commands.ts";

const AES = new AesGcmCodec(new Uint8Array(32).fill(7));
const MANAGED = new ManagedAesGcmCodec({
  currentKeyId: "k",
  key: () => new Uint8Array(32).fill(8),
});

/** A kind of log, and how its handles are opened. */
interface Kind {
  readonly name: string;
  /** Whether each handle may append. */
  readonly areWriters: boolean;
  /** Opens all handles, in one of several ways. */
  readonly open: (folder: string, variant: number) => Promise<EventSink[]>;
}

const FSYNC: readonly FsyncPolicy[] = ["never", "batch", "always"];
const MAX_BYTES = [900, 1, 3000, 1_000_000];

const JSONL: Kind = {
  name: "JsonlSink",
  areWriters: true,
  open: (folder, variant) =>
    Promise.resolve([
      new JsonlSink(`${folder}/run.jsonl`, {
        ctxFields: CTX_FIELDS,
        fsync: FSYNC[variant % FSYNC.length]!,
        maxBytes: MAX_BYTES[variant % MAX_BYTES.length]!,
        // Ids of older parts would be forgotten, and the oracle's never are.
        rememberedParts: 64,
      }),
    ]),
};

async function sqlite(
  driver: "ffi" | "builtin",
  codec: SqliteSinkOptions,
  name: string,
): Promise<Kind> {
  const probe = await SqliteSink.open(":memory:", { driver });
  await probe.close();
  const areWriters = !hasWalResetBug(probe.sqliteVersion);
  return {
    name: `SqliteSink (${driver}, ${name}), two handles`,
    areWriters,
    open: async (folder, variant) => {
      const options: SqliteSinkOptions = {
        ...codec,
        driver,
        ctxFields: CTX_FIELDS,
        followPollMs: 10,
        // A cache that is too small for the traces there are.
        headsMax: 1 + variant % 4,
      };
      const path = `${folder}/log.db`;
      return [
        await SqliteSink.open(path, options),
        await SqliteSink.open(path, { ...options, readOnly: !areWriters }),
      ];
    },
  };
}

const KINDS: readonly Kind[] = [
  JSONL,
  await sqlite("builtin", {}, "plain"),
  await sqlite("builtin", { codec: AES }, "AES-256-GCM"),
  await sqlite("ffi", {}, "plain"),
  await sqlite("ffi", { codec: MANAGED }, "AES-256-GCM with key ids"),
];

async function runCommands(
  kind: Kind,
  commands: Iterable<fc.AsyncCommand<Record<never, never>, Tested>>,
): Promise<number> {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  const handles = await kind.open(folder, 0);
  const tested: Tested = {
    pair: new SinkPair(handles[0]!, CTX_FIELDS),
    handles,
    areWriters: kind.areWriters,
    reopen: async (variant) => {
      for (const handle of tested.handles) await handle.close();
      tested.handles = [];
      tested.handles = await kind.open(folder, variant);
    },
  };
  try {
    await fc.asyncModelRun(() => ({ model: {}, real: tested }), commands);
    return tested.pair.length;
  } finally {
    try {
      for (const handle of tested.handles) await handle.close();
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  }
}

for (const kind of KINDS) {
  Deno.test(`${kind.name} does what MemorySink does, whatever is asked of it in whatever order`, async () => {
    const isFast = kind === JSONL;
    const runs = runsOf(kind.name, isFast ? 6 : 2, isFast ? 400 : 60);
    let operations = 0;
    let events = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.commands(ANY_COMMAND, { maxCommands: 60, size: "max" }),
        async (commands) => {
          events += await runCommands(kind, commands);
          operations += [...commands].length;
        },
      ),
      runs,
    );
    reportRow(kind.name, "MemorySink", operations, `${events} events`);
  });
}
