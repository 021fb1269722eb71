// The payload as it is taken at the door: a frozen copy that holds JSON alone,
// so that nothing the caller does later can change what was digested.
import { refuse } from "./_event_fields.ts";

/**
 * How deep a payload may nest. The predecessor's JSON reader stops at 200
 * levels, the event's own object being the first of them.
 */
export const PAYLOAD_DEPTH_MAX = 199;

function isPlainObject(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype ||
    // An object of another realm (a worker, a vm) has that realm's prototype.
    Object.getPrototypeOf(prototype) === null;
}

function copyObject(
  value: Record<string, unknown>,
  path: string,
  depth: number,
): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    if (!key.isWellFormed()) {
      refuse(`a key of ${path}`, key, "it must not contain a lone surrogate");
    }
    const member = value[key];
    // As in JSON.stringify, a member that is undefined is a member left out.
    if (member === undefined) continue;
    const taken = copyValue(member, `${path}.${key}`, depth + 1);
    if (key === "__proto__") {
      Object.defineProperty(copy, key, {
        value: taken,
        enumerable: true,
        configurable: true,
        writable: true,
      });
    } else copy[key] = taken;
  }
  return Object.freeze(copy);
}

function copyValue(value: unknown, path: string, depth: number): unknown {
  switch (typeof value) {
    case "string":
      if (!value.isWellFormed()) {
        refuse(path, value, "it must not contain a lone surrogate");
      }
      return value;
    case "number":
      if (!Number.isFinite(value)) {
        refuse(path, value, "JSON has no NaN and no infinity");
      }
      // JSON.stringify writes -0 as 0; the copy says the same as the text.
      return value === 0 ? 0 : value;
    case "boolean":
      return value;
    case "object":
      if (value === null) return null;
      // Only objects and arrays are levels: a scalar may stand in the last one.
      if (depth > PAYLOAD_DEPTH_MAX) {
        const rule =
          `a payload may nest ${PAYLOAD_DEPTH_MAX} levels and not hold itself`;
        refuse("the payload", "nested deeper", rule);
      }
      if (Array.isArray(value)) {
        const items: unknown[] = [];
        for (let i = 0; i < value.length; i++) {
          items.push(copyValue(value[i], `${path}[${i}]`, depth + 1));
        }
        return Object.freeze(items);
      }
      if (isPlainObject(value)) {
        return copyObject(value as Record<string, unknown>, path, depth);
      }
  }
  return refuse(
    path,
    value,
    "a payload holds strings, finite numbers, booleans, null, arrays and plain objects",
  );
}

/** Copies and freezes a payload, or throws `invalid_event`. */
export function takePayload(value: unknown): Record<string, unknown> {
  if (
    typeof value !== "object" || value === null || Array.isArray(value) ||
    !isPlainObject(value)
  ) {
    refuse("payload", value, "it must be a plain object");
  }
  return copyObject(value as Record<string, unknown>, "payload", 1);
}
