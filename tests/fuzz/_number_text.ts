// Numbers as JSON may spell them, and as it may not.
import type { Random } from "./_form.ts";

const view = new DataView(new ArrayBuffer(8));

/** A double from its 64 bits. */
function fromBits(bits: bigint): number {
  view.setBigUint64(0, bits);
  return view.getFloat64(0);
}

function bitsOf(value: number): bigint {
  view.setFloat64(0, value);
  return view.getBigUint64(0);
}

function randomBits(random: Random): bigint {
  return BigInt(random.below(2 ** 32)) << 32n | BigInt(random.below(2 ** 32));
}

/** A finite double of any size; every exponent is as likely. */
function anyDouble(random: Random): number {
  const value = fromBits(randomBits(random));
  return Number.isFinite(value) ? value : Number.MAX_VALUE;
}

/** A power of two or ten, or one of its neighbours. */
function nearPower(random: Random): number {
  const power = random.oneIn(2)
    ? 2 ** (random.below(2098) - 1074)
    : Number(`1e${random.below(632) - 323}`);
  const bits = bitsOf(power) + BigInt(random.below(9) - 4);
  const value = fromBits(bits < 0n ? 0n : bits);
  return Number.isFinite(value) ? value : power;
}

function subnormal(random: Random): number {
  return fromBits(randomBits(random) >> BigInt(12 + random.below(52)));
}

/** Around where one of the spellings changes. */
function nearThreshold(random: Random): number {
  const digits = random.below(10 ** (1 + random.below(15))) + 1;
  return digits * 10 ** (random.below(50) - 28);
}

function someDouble(random: Random): number {
  switch (random.below(5)) {
    case 0:
      return anyDouble(random);
    case 1:
      return nearPower(random);
    case 2:
      return subnormal(random);
    case 3:
      return nearThreshold(random);
    default:
      return random.below(2 ** 32) / 2 ** random.below(40);
  }
}

/** One of the spellings that a writer of doubles may choose. */
function spelt(value: number, random: Random): string {
  switch (random.below(6)) {
    case 0:
      return String(value);
    case 1:
      return value.toExponential();
    case 2:
      return value.toPrecision(17);
    case 3:
      return value.toPrecision(1 + random.below(40));
    case 4:
      return value.toExponential(random.below(25));
    default:
      return Math.abs(value) < 1e21
        ? value.toFixed(random.below(30))
        : String(value);
  }
}

/**
 * Half-way between two doubles, to the last digit, or one digit beside it: where
 * a reader that rounds by less than all digits goes wrong.
 */
function halfway(random: Random): string {
  const mantissa = (1n << 53n) | (randomBits(random) >> 11n) | 1n;
  const power = random.below(120) - 60;
  let text: string;
  if (power >= 0) text = String(mantissa << BigInt(power));
  else {
    const digits = String(mantissa * 5n ** BigInt(-power));
    const padded = digits.padStart(1 - power, "0");
    text = `${padded.slice(0, power)}.${padded.slice(power)}`;
  }
  if (random.oneIn(3)) text += text.includes(".") ? "0000001" : ".0000001";
  return text;
}

function integer(random: Random): string {
  const length = random.oneIn(8)
    ? 290 + random.below(random.oneIn(40) ? 120 : 19)
    : 1 + random.below(random.oneIn(2) ? 24 : 3);
  let digits = String(1 + random.below(9));
  while (digits.length < length) digits += random.below(10);
  if (random.oneIn(4)) {
    const power = random.pick([31n, 32n, 52n, 53n, 54n, 63n, 64n, 70n, 1023n]);
    digits = String((1n << power) + BigInt(random.below(5) - 2));
  }
  return digits;
}

const SPECIAL = [
  ...[
    "0",
    "-0",
    "0.0",
    "-0.0",
    "0e0",
    "-0e-0",
    "0E+5",
    "-0.0e99",
    "1.0",
    "1E5",
  ],
  ...[
    "1E+2",
    "1e-07",
    "1e0",
    "1e00",
    "1e+000",
    "1.50",
    "100.0",
    "1e15",
    "1e16",
  ],
  ...["1e17", "1e21", "1e22", "1e23", "9999999999999998.0", "1e-4", "1e-5"],
  ...["9007199254740993", "9007199254740993.0", "123456789012345680.0", "0.3"],
  ...[
    "5e-324",
    "4.9e-324",
    "2.4703282292062327e-324",
    "2.4703282292062328e-324",
  ],
  ...[
    "2.2250738585072011e-308",
    "2.2250738585072014e-308",
    "1e-400",
    "-1e-400",
  ],
  ...["1.7976931348623157e308", "1.7976931348623158e308", "1e308", "10e307"],
  ...["1.7976931348623158079e308", "1e-99999999999999999999", "0e999999"],
];

/** What is no number of JSON, or no finite one. */
const NONE = [
  ...["1.797693134862315808e308", "1e309", "1e400", "-1e400", "1E+2000"],
  ...["1e99999999999999999999", `1${"0".repeat(309)}`, `-${"9".repeat(400)}`],

  ...[
    "01",
    "-01",
    "00",
    "1.",
    ".5",
    "+1",
    "1e",
    "1e+",
    "-",
    "--1",
    "1.e5",
    "0x1",
  ],
  ...["NaN", "Infinity", "-Infinity", "nan", "inf", "1_0", "1,0", "１", "1.0f"],
  ...["1e1.5", "1 2", "0b1", "1n", "٣", "1e５"],
];

/** A number, of any size and in any spelling; now and then it is none. */
export function numberText(random: Random): string {
  if (random.oneIn(400)) return random.pick(NONE);
  const sign = random.oneIn(4) ? "-" : "";
  switch (random.below(8)) {
    case 0:
      return random.pick(SPECIAL);
    case 1:
      return sign + integer(random);
    case 2:
      return sign + halfway(random);
    case 3: {
      // Beyond a double is only what is asked for; below its least is zero.
      const e = random.pick(["e", "E", "e+", "e-", "E+", "E-", "e0", "e-00"]);
      const fraction = random.oneIn(2) ? "" : `.${integer(random)}`;
      return `${sign}${random.below(100)}${fraction}${e}${random.below(306)}`;
    }
    default: {
      const value = someDouble(random);
      return spelt(sign === "" ? value : -value, random);
    }
  }
}
