/** What a part of an answer has to be; with a `?`, it may be missing or null. */
type PartType = "boolean" | "list" | "number" | "object" | "string";

/**
 * What has to be in an answer: types by the paths of its parts, such as
 * `State.Running`. A `*` stands for each part of a list, and an empty path for the
 * whole. What is not named may be anything.
 */
export type AnswerShape = Readonly<Record<string, PartType | `${PartType}?`>>;

/** How much of a part is shown in an error. */
const SHOWN_CHARS_MAX = 100;

/**
 * Compares an answer with its shape.
 *
 * @returns What does not fit, in words; undefined if all does.
 */
export function misfit(
  answer: unknown,
  shape: AnswerShape,
): string | undefined {
  for (const [path, type] of Object.entries(shape)) {
    const names = path === "" ? [] : path.split(".");
    for (const part of partsAt(answer, names)) {
      if (fits(part, type)) continue;
      const shown = JSON.stringify(part)?.slice(0, SHOWN_CHARS_MAX);
      return path === "" ? `it is ${shown}` : `its ${path} is ${shown}`;
    }
  }
  return undefined;
}

function partsAt(value: unknown, [name, ...rest]: string[]): unknown[] {
  if (name === undefined) return [value];
  if (name === "*") {
    return Array.isArray(value)
      ? value.flatMap((each) => partsAt(each, rest))
      : [];
  }
  return partsAt((value as Record<string, unknown> | null)?.[name], rest);
}

function fits(value: unknown, type: string): boolean {
  if (type.endsWith("?")) {
    return value === undefined || value === null ||
      fits(value, type.slice(0, -1));
  }
  if (type === "list") return Array.isArray(value);
  if (value === null || Array.isArray(value)) return false;
  const found: string = typeof value;
  return found === type;
}
