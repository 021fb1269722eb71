// What an open PostgresSink is made of.
import type { ChangeSignal } from "../_change_signal.ts";
import type { CheckedPostgresSinkOptions } from "../postgres_sink_options.ts";
import { Pages } from "../rows/pages.ts";
import { reindex } from "../rows/reindex.ts";
import type { RowCodec } from "../rows/row_codec.ts";
import { SinkError } from "../sink_error.ts";
import { AppendLane, type PostgresDurability } from "./append_lane.ts";
import { Appender } from "./appender.ts";
import type { PgClient, PgClientOptions } from "./client.ts";
import { connect } from "./connect.ts";
import { Lane } from "./lane.ts";
import { LogReads } from "./log_reads.ts";
import { migrate } from "./migrate.ts";
import { Others } from "./others.ts";
import { Pace } from "./pace.ts";
import { reindexedLog } from "./reindexed_log.ts";
import { SCHEMA_VERSION } from "./schema.ts";
import { lookAtServer, type ServerState } from "./server.ts";
import { Servers } from "./servers.ts";
import { Settled } from "./settled.ts";

const READ_CONNECTIONS = 4;

/** What an open sink is made of. */
export interface Parts {
  readonly options: CheckedPostgresSinkOptions;
  readonly serverVersion: string;
  readonly codec: RowCodec;
  readonly change: ChangeSignal;
  /** The lane that reads. */
  readonly lane: Lane;
  readonly settled: Settled;
  readonly reads: LogReads;
  readonly pages: Pages;
  readonly appender: Appender;
  /** How durable the last acknowledgement was. */
  readonly durability: () => PostgresDurability;
  /** Has the sink told of others' commits from now on. */
  readonly listen: () => Promise<void>;
  readonly closeAll: () => Promise<void>;
}

/** What callers bring along beside numbers and names. */
export interface Extras {
  readonly signKey: Uint8Array | undefined;
  readonly onCorrupt: ((error: SinkError) => void) | undefined;
}

/** Connects, makes the log where there is none, and puts the parts together. */
export async function openParts(
  options: CheckedPostgresSinkOptions,
  codec: RowCodec,
  change: ChangeSignal,
  { signKey, onCorrupt }: Extras,
): Promise<Parts> {
  const servers = new Servers(options.address);
  const { connectTimeoutMs } = options;
  const connectTo = (
    on: Pick<PgClientOptions, "onNotice" | "onNotify" | "onClose">,
    signal: AbortSignal,
  ): Promise<PgClient> =>
    connect({
      servers,
      connectTimeoutMs,
      applicationName: "zu-backends",
      ...on,
    }, signal);
  const lane = new Lane({
    ...options,
    max: READ_CONNECTIONS,
    connect: (signal) => connectTo({}, signal),
  });
  try {
    const state = await openLog(lane, options);
    const settled = new Settled(lane, options.answerTimeoutMs);
    const reads = new LogReads(lane, settled);
    if (!options.readOnly && options.ctxFields.length > 0) {
      await reindex(reindexedLog(lane, reads), codec, options.ctxFields);
    }
    const others = new Others({
      ...options,
      lockClass: state.log!.lockClass,
      change,
      lane,
      connect: connectTo,
    });
    const lanes = Array.from({ length: options.connections }, () => {
      const made: AppendLane = new AppendLane(
        new Lane({
          ...options,
          max: 1,
          connect: (signal) => connectTo({ onNotice: made.notice }, signal),
        }),
        options.durability,
      );
      return made;
    });
    let { durability } = state;
    const appender = new Appender({
      ...options,
      lanes,
      pace: new Pace(),
      codec,
      signKey,
      ask: (select) => lane.query(select, "append"),
      onStored: (lastSeq, of) => {
        durability = of;
        settled.acknowledge(lastSeq);
        change.notify();
        others.tell();
      },
    });
    return {
      options,
      serverVersion: state.version,
      codec,
      change,
      lane,
      settled,
      reads,
      pages: new Pages(reads, codec, onCorrupt),
      appender,
      durability: () => durability,
      listen: () => others.listen(),
      async closeAll() {
        await others.close();
        await Promise.all(lanes.map((each) => each.lane.close()));
        await lane.close();
      },
    };
  } catch (error) {
    await lane.close();
    throw error;
  }
}

async function openLog(
  lane: Lane,
  { schema, readOnly, durability }: CheckedPostgresSinkOptions,
): Promise<ServerState> {
  const look = () => lookAtServer(lane, { level: durability, readOnly });
  const state = await look();
  if (state.log?.version === SCHEMA_VERSION) return state;
  if (readOnly) {
    if (state.log !== undefined) return state;
    throw new SinkError(
      "not_a_log",
      `There is no log in the schema "${schema}", and readOnly may not make one; ` +
        "choose another schema, or open it without readOnly",
    );
  }
  await migrate(lane, schema);
  return await look();
}
