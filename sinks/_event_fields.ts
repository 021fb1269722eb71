// The rules for an event's single fields, as formats.md has them. Each function
// returns the value as it will be stored or throws `invalid_event`.
import type { Event } from "./event.ts";
import { SinkError } from "./sink_error.ts";

/** The names of an event's fields. */
export const EVENT_FIELDS: ReadonlySet<string> = new Set(
  [
    "event_id",
    "trace_id",
    "task_id",
    "parent_id",
    "type",
    "ts",
    "source",
    "payload",
    "schema_version",
    "prev_hash",
    "hash",
    "sig",
  ] satisfies (keyof Event)[],
);

/** The separator of the row AAD; inside a field it would make two rows alike. */
const SEPARATOR = "\x1f";
const CANONICAL_UUID =
  /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const LOOSE_UUID =
  /^(?:urn:uuid:)?\{?([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})\}?$/i;
const HEX_256 = /^[0-9a-f]{64}$/;
const TIMESTAMP =
  /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(?:([Zz])|([+-])(\d\d):?(\d\d))?$/;

/** A value as an error message shows it: short, quoted and on one line. */
function shown(value: unknown): string {
  const text = typeof value === "string"
    ? JSON.stringify(value)
    : Deno.inspect(value, { depth: 0, breakLength: Infinity });
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

/** Throws the error that every broken rule ends in. */
export function refuse(what: string, value: unknown, rule: string): never {
  throw new SinkError(
    "invalid_event",
    `Cannot accept the event: ${what} is ${shown(value)}, but ${rule}`,
  );
}

/** A UUID in the one spelling that is stored, or `undefined` if it is none. */
export function tryUuid(value: string): string | undefined {
  if (CANONICAL_UUID.test(value)) return value;
  const parts = LOOSE_UUID.exec(value);
  if (parts === null || value.includes("{") !== value.includes("}")) {
    return undefined;
  }
  return parts.slice(1).join("-").toLowerCase();
}

/** Checks and normalises a UUID field. */
export function uuidField(name: string, value: unknown): string {
  const id = typeof value === "string" ? tryUuid(value) : undefined;
  return id ?? refuse(name, value, "it must be a UUID");
}

/** Checks a text field that goes into the row AAD. */
export function textField(name: string, value: unknown): string {
  if (typeof value !== "string") refuse(name, value, "it must be a string");
  if (value.includes(SEPARATOR)) {
    refuse(name, value, "it must not contain U+001F, the separator of columns");
  }
  if (!value.isWellFormed()) {
    refuse(name, value, "it must not contain a lone surrogate");
  }
  return value;
}

/** Checks an event type. */
export function typeField(value: unknown): string {
  const type = textField("type", value);
  if (!type.startsWith("harness.") && !type.startsWith("data.")) {
    refuse("type", value, 'it must start with "harness." or "data."');
  }
  return type;
}

/** Checks a schema version. */
export function schemaVersionField(value: unknown): number {
  if (!Number.isSafeInteger(value)) {
    refuse("schema_version", value, "it must be an integer");
  }
  // -0 is an integer to JS, and 0 in the text.
  return value === 0 ? 0 : value as number;
}

/** Whether a value is a hash as the chain's fields hold it. */
export function isHash(value: unknown): value is string {
  return typeof value === "string" && HEX_256.test(value);
}

/** Checks `prev_hash`, `hash` or `sig`. */
export function digestField(name: string, value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (!isHash(value)) {
    refuse(name, value, "it must be null or 64 lower-case hex digits");
  }
  return value;
}

function daysInMonth(year: number, month: number): number {
  if (month !== 2) return [4, 6, 9, 11].includes(month) ? 30 : 31;
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
}

/**
 * Timestamps as they are stored, but for days that not every month has and a
 * fraction or an offset of zero: most of them, told without taking them apart.
 */
const PLAIN_TIMESTAMP =
  /^(?!0000)\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.(?!000000)\d{6})?Z?$/;

/** Checks and normalises a timestamp; it is never moved to another zone. */
export function timestampField(value: unknown): string {
  const rule = "it must be an ISO 8601 date and time of the years 1 to 9999, " +
    "such as 2024-01-02T03:04:05.678900Z";
  if (typeof value === "string" && PLAIN_TIMESTAMP.test(value)) return value;
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) refuse("ts", value, rule);
    return timestampField(value.toISOString());
  }
  const parts = typeof value === "string" ? TIMESTAMP.exec(value) : null;
  if (parts === null) refuse("ts", value, rule);
  const [, year, month, day, hour, minute, second, fraction = ""] = parts;
  const [zulu, sign, offsetHour, offsetMinute] = parts.slice(8);
  const inRange = Number(year) >= 1 && Number(month) >= 1 &&
    Number(month) <= 12 && Number(day) >= 1 &&
    Number(day) <= daysInMonth(Number(year), Number(month)) &&
    Number(hour) <= 23 && Number(minute) <= 59 && Number(second) <= 59 &&
    Number(offsetHour ?? 0) <= 23 && Number(offsetMinute ?? 0) <= 59;
  if (!inRange) refuse("ts", value, rule);
  const micros = fraction.padEnd(6, "0").slice(0, 6);
  let zone = "";
  if (zulu !== undefined) zone = "Z";
  if (sign !== undefined) {
    // The predecessor writes a zero offset as Z, so we do too.
    zone = offsetHour === "00" && offsetMinute === "00"
      ? "Z"
      : `${sign}${offsetHour}:${offsetMinute}`;
  }
  return `${year}-${month}-${day}T${hour}:${minute}:${second}` +
    `${Number(micros) === 0 ? "" : `.${micros}`}${zone}`;
}
