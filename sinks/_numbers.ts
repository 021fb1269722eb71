// How a floating-point number is spelt: in stored text as the predecessor's JSON
// writer does it, in canonical text as Python's repr does it. Both are the
// shortest digits that round-trip; they differ in where the exponent starts.

/** The shortest digits of a finite double, and the power of ten of the first. */
function decimal(value: number): { digits: string; exponent: number } {
  const [mantissa, exponent] = Math.abs(value).toExponential().split("e");
  return { digits: mantissa!.replace(".", ""), exponent: Number(exponent) };
}

function isNegative(value: number): boolean {
  return value < 0 || Object.is(value, -0);
}

function scientific(digits: string, exponent: string): string {
  const fraction = digits.length > 1 ? `.${digits.slice(1)}` : "";
  return `${digits[0]}${fraction}e${exponent}`;
}

function plain(digits: string, exponent: number): string {
  if (exponent < 0) return `0.${"0".repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  return `${whole}.${digits.slice(exponent + 1) || "0"}`;
}

/** A double as Python's `repr` spells it: `1.0`, `1e-07`, `1.5e+16`. */
export function canonicalFloat(value: number): string {
  const { digits, exponent } = decimal(value);
  const sign = isNegative(value) ? "-" : "";
  if (value === 0) return `${sign}0.0`;
  if (exponent >= -4 && exponent < 16) return sign + plain(digits, exponent);
  const power = String(Math.abs(exponent)).padStart(2, "0");
  return sign + scientific(digits, `${exponent < 0 ? "-" : "+"}${power}`);
}

/**
 * A double as the predecessor's writer spells it, so that its rows keep their
 * text: always with `.` or `e`, and with an exponent below 1e-5 and from 1e16 on.
 */
export function storedFloat(value: number): string {
  const { digits, exponent } = decimal(value);
  const sign = isNegative(value) ? "-" : "";
  if (value === 0) return `${sign}0.0`;
  if (exponent >= -5 && exponent < 16) return sign + plain(digits, exponent);
  const power = `${exponent < 0 ? "-" : "+"}${Math.abs(exponent)}`;
  return sign + scientific(digits, power);
}

/** A JS number in canonical text: an integer if JSON writes it as one. */
export function canonicalNumber(value: number): string {
  const text = `${value}`;
  // JS and Python spell integers alike, and fractions down to a ten-thousandth.
  if (!text.includes("e") && (Number.isInteger(value) || isPlain(value))) {
    return text;
  }
  return canonicalFloat(value);
}

function isPlain(value: number): boolean {
  return value >= 1e-4 || value <= -1e-4;
}
