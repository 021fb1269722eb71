/** Makes a program and its arguments out of a tool call's arguments. */
export type ToolArgv = (
  args: Readonly<Record<string, unknown>>,
) => readonly string[];

/** How navigations of `render_dom` may be waited for. */
const WAIT_UNTIL = ["load", "domcontentloaded", "networkidle", "commit"];
/** A side of a page, in pixels, and a wait, in milliseconds. */
const PIXELS_MAX = 16_384;
const WAIT_MS_MAX = 600_000;

/**
 * The argv of `render_dom`: `zu-render URL` and its flags.
 *
 * @param args `url`, and optionally `width` with `height`, `wait_until`,
 * `wait_for`, `wait_ms`, `actions` and `capture_network`.
 * @returns The program and its arguments.
 * @throws {TypeError} For arguments that are none of the tool's.
 *
 * @example
 * ```ts
 * import { renderDomArgv } from "@zu/backends/backends";
 * import { assertEquals } from "@std/assert";
 *
 * const args = { url: "https://example.com/", wait_for: "#done" };
 * assertEquals(renderDomArgv(args), [
 *   "zu-render",
 *   "https://example.com/",
 *   "--wait-for",
 *   "#done",
 * ]);
 * ```
 */
export function renderDomArgv(
  args: Readonly<Record<string, unknown>>,
): readonly string[] {
  const { url, width, height, wait_until, wait_for, wait_ms } = args;
  const { actions, capture_network } = args;
  const argv = ["zu-render", webAddress(url)];
  if (given(width) || given(height)) {
    argv.push("--width", integer("width", width, 1, PIXELS_MAX));
    argv.push("--height", integer("height", height, 1, PIXELS_MAX));
  }
  if (given(wait_until)) argv.push("--wait-until", oneOf(wait_until));
  if (given(wait_for)) argv.push("--wait-for", selector(wait_for));
  if (given(wait_ms)) {
    argv.push("--wait-ms", integer("wait_ms", wait_ms, 0, WAIT_MS_MAX));
  }
  if (given(actions)) argv.push("--actions", list(actions));
  if (given(capture_network) && flag(capture_network)) {
    argv.push("--capture-network");
  }
  return argv;
}

/** Models write null where they mean to leave something out. */
function given(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function webAddress(url: unknown): string {
  if (typeof url !== "string") throw wrong("url", url, "the address of a page");
  // Whatever begins with "-" would be read as a flag.
  const { protocol } = URL.parse(url) ?? {};
  if (url.trim() === url && (protocol === "http:" || protocol === "https:")) {
    return url;
  }
  throw wrong("url", url, "an address that begins with http:// or https://");
}

function integer(
  name: string,
  value: unknown,
  min: number,
  max: number,
): string {
  if (
    Number.isInteger(value) && value as number >= min && value as number <= max
  ) {
    return String(value);
  }
  throw wrong(name, value, `a whole number from ${min} to ${max}`);
}

function oneOf(value: unknown): string {
  if (typeof value === "string" && WAIT_UNTIL.includes(value)) return value;
  throw wrong("wait_until", value, `one of ${WAIT_UNTIL.join(", ")}`);
}

function selector(value: unknown): string {
  if (typeof value === "string" && /^[^-\0][^\0]*$/.test(value)) return value;
  throw wrong("wait_for", value, "a selector, which cannot begin with -");
}

function list(value: unknown): string {
  if (Array.isArray(value)) return JSON.stringify(value);
  throw wrong("actions", value, "a list of actions");
}

function flag(value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw wrong("capture_network", value, "true or false");
}

function wrong(name: string, value: unknown, wanted: string): TypeError {
  const found = value === undefined
    ? "missing"
    : `${JSON.stringify(value)?.slice(0, 100)}`;
  return new TypeError(`${name} is ${found}, and has to be ${wanted}`);
}
