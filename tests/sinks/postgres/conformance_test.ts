import { ManagedAesGcmCodec } from "../../../codec/mod.ts";
import {
  PostgresSink,
  type PostgresSinkOptions,
} from "../../../sinks/postgres_sink.ts";
import { testEventSink } from "../../conformance/mod.ts";
import { postgresTest } from "../../postgres/_postgres.ts";
import { ask } from "../../postgres/_programs.ts";
import { sharedServer } from "../../postgres/_shared_server.ts";

const KEY = new Uint8Array(32).fill(7);
const CODECS: Record<string, PostgresSinkOptions> = {
  "plain": {},
  "managed AES-256-GCM, statements not prepared": {
    codec: new ManagedAesGcmCodec({ currentKeyId: "k1", key: () => KEY }),
    prepare: false,
  },
};

for (const [name, codec] of Object.entries(CODECS)) {
  testEventSink({
    name: `PostgresSink (${name})`,
    supports: {
      persistence: true,
      atomicAppendAll: true,
      unboundedIdempotence: true,
      sharedWriters: true,
    },
    open: async (log, options) => {
      const url = await sharedServer();
      const schema = `log ${log.id}`;
      log.onEnd(async () => {
        await ask(url, `DROP SCHEMA IF EXISTS "${schema}" CASCADE`);
      });
      return await PostgresSink.open(url, {
        ...options,
        ...codec,
        schema,
        connections: 2,
        followPollMs: 20,
      });
    },
    register: ({ name, fn, ignore }) => {
      if (!ignore) postgresTest(name, async () => await fn());
    },
  });
}
