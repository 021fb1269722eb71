import { AesGcmCodec, ManagedAesGcmCodec } from "../../../codec/mod.ts";
import { type PayloadCodec, SqliteSink } from "../../../sinks/mod.ts";
import { hasWalResetBug } from "../../../sinks/sqlite/wal_reset_bug.ts";
import { testEventSink } from "../../conformance/mod.ts";

type Options = { codec?: PayloadCodec };

const KEY = new Uint8Array(32).fill(7);
const AES: Options = { codec: new AesGcmCodec(KEY) };
const MANAGED: Options = {
  codec: new ManagedAesGcmCodec({ currentKeyId: "k1", key: () => KEY }),
};

/** Each driver plain and encrypted; the two ciphers are the drivers' in turn. */
const CODECS: Record<"ffi" | "builtin", Record<string, Options>> = {
  ffi: { "plain": {}, "managed AES-256-GCM": MANAGED },
  builtin: { "plain": {}, "AES-256-GCM": AES },
};

for (const driver of ["ffi", "builtin"] as const) {
  const probe = await SqliteSink.open(":memory:", { driver });
  await probe.close();
  for (const [name, codec] of Object.entries(CODECS[driver])) {
    testEventSink({
      name: `SqliteSink (${driver}, ${name})`,
      supports: {
        persistence: true,
        atomicAppendAll: true,
        unboundedIdempotence: true,
        sharedWriters: !hasWalResetBug(probe.sqliteVersion),
      },
      open: async (log, options) =>
        await SqliteSink.open(`${await log.folder()}/log.db`, {
          ...options,
          ...codec,
          driver,
          followPollMs: 20,
        }),
    });
  }
  testEventSink({
    name: `SqliteSink (${driver}, in memory)`,
    supports: probe.supports,
    open: (_log, options) =>
      SqliteSink.open(":memory:", { ...options, driver }),
  });
}
