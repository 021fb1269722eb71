import { AesGcmCodec, ManagedAesGcmCodec } from "../../../codec/mod.ts";
import { type PayloadCodec, SqliteSink } from "../../../sinks/mod.ts";
import { IN_MEMORY } from "../../../sinks/sqlite/connection.ts";
import { hasWalResetBug } from "../../../sinks/sqlite/wal_reset_bug.ts";
import { testEventSink } from "../../conformance/mod.ts";

const KEY = new Uint8Array(32).fill(7);
const CODECS: Record<string, { codec?: PayloadCodec }> = {
  "plain": {},
  "AES-256-GCM": { codec: new AesGcmCodec(KEY) },
  "managed AES-256-GCM": {
    codec: new ManagedAesGcmCodec({ currentKeyId: "k1", key: () => KEY }),
  },
};

/**
 * Each driver with a file and in memory, plain and encrypted; and of files and
 * memory, too, each plain and encrypted. Every other pair of driver, place and
 * codec is a hundred tests more, of parts that know nothing of one another.
 */
const VARIANTS = [
  { driver: "ffi", place: "file", codec: "plain" },
  { driver: "ffi", place: "memory", codec: "managed AES-256-GCM" },
  { driver: "builtin", place: "file", codec: "AES-256-GCM" },
  { driver: "builtin", place: "memory", codec: "plain" },
] as const;

for (const { driver, place, codec } of VARIANTS) {
  const isFile = place === "file";
  const probe = await SqliteSink.open(":memory:", { driver });
  await probe.close();
  testEventSink({
    name: `SqliteSink (${driver}, ${isFile ? codec : `in memory, ${codec}`})`,
    supports: isFile
      ? {
        persistence: true,
        atomicAppendAll: true,
        unboundedIdempotence: true,
        sharedWriters: !hasWalResetBug(probe.sqliteVersion),
      }
      : probe.supports,
    open: async (log, options) =>
      await SqliteSink.open(
        isFile ? `${await log.folder()}/log.db` : IN_MEMORY,
        {
          ...options,
          ...CODECS[codec],
          driver,
          ...(isFile && { followPollMs: 20 }),
        },
      ),
  });
}
