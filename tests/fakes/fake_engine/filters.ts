import { EngineError } from "./engine_error.ts";
import { type EngineRequest, isJson } from "./http_request.ts";

/** The filters of a query: of each name, the values of which one has to fit. */
export type Filters = ReadonlyMap<string, readonly string[]>;

/**
 * The filters of a request, in either of the two spellings of the API:
 * `{"label":["a=b"]}` and `{"label":{"a=b":true}}`.
 *
 * @param request The request.
 * @param known The names that there are.
 * @returns The filters; none if there are none.
 * @throws {EngineError} If they are no JSON, or of an unknown name, as 20.10
 * answers.
 */
export function filtersOf(
  request: EngineRequest,
  known: readonly string[],
): Filters {
  const text = request.query.get("filters") ?? "";
  if (text === "") return new Map();
  const filters = new Map<string, string[]>();
  for (const [name, values] of Object.entries(jsonObject(text))) {
    if (!known.includes(name)) {
      throw new EngineError(400, `Invalid filter '${name}'`);
    }
    const list = Array.isArray(values)
      ? values
      : isJson(values)
      ? Object.keys(values).filter((value) => values[value] === true)
      : [];
    filters.set(name, list.map(String));
  }
  return filters;
}

/** Whether something has one of the labels of each filter `label`. */
export function hasLabel(
  filters: Filters,
  labels: Readonly<Record<string, string>>,
): boolean {
  // Of several labels, the engine wants all.
  return (filters.get("label") ?? []).every((wanted) => {
    const [name = "", ...value] = wanted.split("=");
    if (!Object.hasOwn(labels, name)) return false;
    return value.length === 0 || labels[name] === value.join("=");
  });
}

/** Whether a filter lets one of these values through, or is not there. */
export function lets(
  filters: Filters,
  name: string,
  ...values: readonly string[]
): boolean {
  const wanted = filters.get(name) ?? [];
  return wanted.length === 0 || values.some((value) => wanted.includes(value));
}

function jsonObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (isJson(value)) return value;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new EngineError(
    500,
    "invalid character looking for beginning of value",
  );
}
