import type { PayloadCodec } from "../../codec/mod.ts";
import { PAYLOAD_CODEC_RULES } from "./_payload_codec_rules.ts";

/** What a codec promises beyond the contract of every codec. */
export interface PayloadCodecSupports {
  /**
   * A body is bound to its additional data and to a key: any change of a bit,
   * a length or a row is found, with a {@linkcode CodecError} that names the
   * event.
   *
   * @default {false}
   */
  authenticated?: boolean;
  /**
   * Equal texts give different bodies.
   *
   * @default {false}
   */
  randomized?: boolean;
  /**
   * The text cannot be read from the body.
   *
   * @default {false}
   */
  encrypted?: boolean;
}

/** One test, as handed to whatever runs it. */
export interface ConformanceTest {
  /** The codec's name and the rule, in plain words. */
  readonly name: string;
  /** True if the codec does not promise the rule; the name then says so. */
  readonly ignore: boolean;
  /** Fails if the rule does not hold. */
  readonly fn: () => Promise<void>;
}

/** What to test, for {@linkcode testPayloadCodec}. */
export interface PayloadCodecTestOptions {
  /** The codec's name, which begins the name of each test. */
  name: string;
  /**
   * Makes a codec. Called several times in a test; each must be able to read
   * what the others wrote.
   */
  create: () => PayloadCodec | Promise<PayloadCodec>;
  /**
   * What the codec promises; the rules that it does not are skipped.
   *
   * @default {{}}
   */
  supports?: PayloadCodecSupports;
  /**
   * What takes the tests.
   *
   * @default Deno.test
   */
  register?: (test: ConformanceTest) => unknown;
}

/**
 * Registers the tests that state the contract of a {@linkcode PayloadCodec}.
 *
 * Each test is a rule of the port's documentation. A codec that passes can be
 * given to any sink. What only some codecs promise is tested where `supports`
 * says so, and otherwise skipped with that reason in the test's name.
 *
 * @param options The codec and what it promises.
 *
 * @example A codec of your own, in a test file
 * ```ts ignore
 * testPayloadCodec({ name: "MyCodec", create: () => new MyCodec() });
 * ```
 *
 * @example With another runner than Deno's
 * ```ts
 * import { IdentityCodec } from "@zu/backends/codec";
 * import { type ConformanceTest, testPayloadCodec } from "@zu/backends/testing";
 *
 * const tests: ConformanceTest[] = [];
 * testPayloadCodec({
 *   name: "IdentityCodec",
 *   create: () => new IdentityCodec(),
 *   register: (test) => tests.push(test),
 * });
 * for (const { ignore, fn } of tests) {
 *   if (!ignore) await fn();
 * }
 * ```
 */
export function testPayloadCodec(options: PayloadCodecTestOptions): void {
  const { name, create, supports = {}, register = registerWithDeno } = options;
  for (const rule of PAYLOAD_CODEC_RULES) {
    const skipped = rule.needs !== undefined && !supports[rule.needs];
    register({
      name: `${name} ${rule.name}` +
        (skipped ? ` (skipped: it does not declare ${rule.needs})` : ""),
      ignore: skipped,
      fn: async () => await rule.check(await create(), create),
    });
  }
}

function registerWithDeno(test: ConformanceTest): void {
  Deno.test(test);
}
