import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  AesGcmCodec,
  type KeyProvider,
  ManagedAesGcmCodec,
  type PayloadCodec,
} from "../../codec/mod.ts";
import { SinkError } from "../../sinks/mod.ts";
import { type LogSink, nameOf, openLog, SOME, withFolder } from "./_logs.ts";
import { assertTold, type Fault, survives, Trial, within } from "./_trial.ts";

const KEY = new Uint8Array(32).fill(9);
/** Long enough for a sound codec on a busy machine. */
const codecTimeoutMs = 400;

/** Codecs are SQLite's alone; what they do does not depend on the driver. */
const ONES = SOME.filter((variant) =>
  variant.kind === "sqlite" && variant.encrypted
);

/** A promise that never settles. */
function never<T>(): Promise<T> {
  return new Promise(() => {});
}

type Misdeed = "encode" | "decode";

/** A sound codec, until it is told to do something else. */
class FaultyCodec implements PayloadCodec {
  readonly version = 77;
  readonly #sound = new AesGcmCodec(KEY);
  /** What it does instead. */
  misdeed: { on: Misdeed; does: () => unknown } | undefined;

  encodeBody(plaintext: string, aad: Uint8Array): Promise<Uint8Array> {
    if (this.misdeed?.on === "encode") {
      return this.misdeed.does() as Promise<Uint8Array>;
    }
    return this.#sound.encodeBody(plaintext, aad);
  }

  decodeBody(body: Uint8Array, aad: Uint8Array): Promise<string> {
    if (this.misdeed?.on === "decode") {
      return this.misdeed.does() as Promise<string>;
    }
    return this.#sound.decodeBody(body, aad);
  }
}

const fails = () => {
  throw new RangeError("out of order");
};

const ON_ENCODE: Record<string, [() => unknown, RegExp]> = {
  "throws": [fails, /out of order.*then append again/s],
  "rejects": [() => Promise.reject(new Error("no")), /\(no\).*append again/],
  "rejects with no error": [() => Promise.reject(undefined), /append again/],
  "hangs": [never, /codecTimeoutMs, 400 ms.*key provider.*try again/],
  "returns garbage": [() => "text", /version 77.*append again/],
  "returns nothing": [() => undefined, /version 77.*append again/],
};

for (const variant of ONES) {
  Deno.test(
    `a codec that throws, hangs or returns garbage on encode: ${
      nameOf(variant)
    } rejects the appends, and goes on when the codec is sound`,
    async () => {
      await withFolder(async (folder) => {
        const codec = new FaultyCodec();
        const options = { codec, codecTimeoutMs };
        const faults = Object.entries(ON_ENCODE).map((
          [name, [does, says]],
        ) => ({
          name,
          codes: ["io"],
          says,
          begin: () => void (codec.misdeed = { on: "encode", does }),
          end: () => void (codec.misdeed = undefined),
        }));
        const open = () => openLog(`${folder}/log`, variant, options);
        await survives(folder, open, ...faults);
      });
    },
  );
}

const ON_DECODE: Record<string, [() => unknown, string, RegExp]> = {
  "throws": [fails, "corrupt_row", /out of order.*onCorrupt/s],
  "hangs": [never, "io", /codecTimeoutMs, 400 ms.*try again/],
  "returns garbage": [
    () => 7,
    "corrupt_row",
    /must return a string.*onCorrupt/,
  ],
  "returns text of no event": [() => "{}", "corrupt_row", /onCorrupt/],
};

for (const variant of ONES) {
  Deno.test(
    `a codec that throws, hangs or returns garbage on decode: ${
      nameOf(variant)
    } fails the reads, stores appends, and reads all when the codec is sound`,
    async () => {
      await withFolder(async (folder) => {
        const codec = new FaultyCodec();
        const options = { codec, codecTimeoutMs };
        const trial = new Trial();
        await using sink = await openLog(`${folder}/log`, variant, options);
        await trial.succeed(sink);
        for (const [does, code, says] of Object.values(ON_DECODE)) {
          codec.misdeed = { on: "decode", does };
          for (const read of [sink.query(), Array.fromAsync(sink.stream())]) {
            const rejects = assertRejects(() => read, SinkError);
            const error = await within("a read", rejects);
            assertTold(error, { codes: [code], says });
          }
          // The heads are remembered, so that nothing needs to be decoded.
          await trial.succeed(sink);
          codec.misdeed = undefined;
          await trial.checkAll(sink);
        }
      });
    },
  );
}

for (const variant of ONES) {
  Deno.test(`a codec that hangs: ${nameOf(variant)} ends a stream by its signal at once, and closes when the time is over`, async () => {
    await withFolder(async (folder) => {
      const codec = new FaultyCodec();
      const open = (codecTimeoutMs: number) =>
        openLog(`${folder}/log`, variant, { codec, codecTimeoutMs });
      const trial = new Trial();
      {
        await using sink = await open(600_000);
        await trial.succeed(sink);
        codec.misdeed = { on: "decode", does: never };
        const control = new AbortController();
        const reading = Array.fromAsync(
          sink.stream({}, { signal: control.signal, follow: true }),
        );
        await sink.count();
        control.abort(new Error("enough"));
        await within("the end", assertRejects(() => reading, Error, "enough"));
      }
      const sink = await open(codecTimeoutMs);
      codec.misdeed = { on: "encode", does: never };
      const appending = trial.append(sink);
      await within("close", sink.close());
      const errors = await appending;
      assertEquals(errors.length, 7);
      codec.misdeed = undefined;
      await using again = await open(codecTimeoutMs);
      for (const error of await trial.appendRefused(again)) throw error;
      await trial.checkAll(again);
    });
  });
}

/** A key service that can be down. */
class KeyService implements KeyProvider {
  currentKeyId = "first";
  #does: ((id: string) => Promise<Uint8Array>) | undefined;

  key(id: string): Promise<Uint8Array> {
    return this.#does?.(id) ??
      Promise.resolve(new Uint8Array(32).fill(id.length));
  }

  /** Has a new key be needed, which the service does not give as it should. */
  goDown(does: (id: string) => Promise<Uint8Array>): void {
    this.#does = does;
    this.currentKeyId += "-next";
  }

  comeBack(): void {
    this.#does = undefined;
  }
}

const DOWN: Record<
  string,
  [(id: string) => Promise<Uint8Array>, Pick<Fault, "codes" | "says">]
> = {
  "throws": [
    () => Promise.reject(new Error("503")),
    {
      codes: ["unknown_key"],
      says: /Cannot encode.*event.*key provider failed with.*503/,
    },
  ],
  "hangs": [never, { codes: ["io"], says: /key provider, then try again/ }],
  "gives no key": [
    () => Promise.resolve(new Uint8Array(3)),
    { codes: ["bad_key"], says: /Cannot encode.*event.*next/ },
  ],
};

for (const variant of ONES) {
  Deno.test(
    `a key provider that is down: ${
      nameOf(variant)
    } rejects the appends whether it throws, hangs or gives no key, and goes on when it is back`,
    async () => {
      await withFolder(async (folder) => {
        const service = new KeyService();
        const codec = await ManagedAesGcmCodec.open(service, {
          keyPatienceMs: 1,
        });
        const options = { codec, codecTimeoutMs };
        const faults = Object.entries(DOWN).map(([name, [does, told]]) => ({
          name,
          ...told,
          begin: () => service.goDown(does),
          end: () => service.comeBack(),
        }));
        const open = () => openLog(`${folder}/log`, variant, options);
        await survives(folder, open, ...faults);
      });
    },
  );

  Deno.test(`a key provider that is down and gives another key: ${nameOf(variant)} says so at reading, and reads all when it is back`, async () => {
    await withFolder(async (folder) => {
      const trial = new Trial();
      const open = async (provider: KeyProvider): Promise<LogSink> =>
        await openLog(`${folder}/log`, variant, {
          codec: await ManagedAesGcmCodec.open(provider),
        });
      const service = new KeyService();
      {
        await using sink = await open(service);
        await trial.succeed(sink);
      }
      {
        const wrong = { currentKeyId: "first", key: () => KEY };
        await using sink = await open(wrong);
        const error = await assertRejects(() => sink.query(), SinkError);
        assertTold(error, { codes: ["corrupt_row"], says: /first/ });
        assert(
          (error.cause as { code?: string }).code === "authentication_failed",
        );
      }
      await using sink = await open(service);
      await trial.succeed(sink);
      await trial.checkAll(sink);
    });
  });
}
