/**
 * A value that a parameter can take.
 *
 * Integral numbers and bigints are stored as integers, other numbers as reals,
 * booleans as 1 and 0, a date as the text of its ISO form, `null` and
 * `undefined` as NULL, and other objects and arrays as the text of their JSON.
 */
export type BindValue =
  | number
  | string
  | bigint
  | boolean
  | null
  | undefined
  | Date
  | Uint8Array
  | BindValue[]
  | { [key: string]: BindValue };

/** The values of all parameters, by position or by name. */
export type BindParameters = BindValue[] | Record<string, BindValue>;

/**
 * The values of all parameters as a method takes them: one by one, or as one
 * array or object.
 */
export type RestBindParameters = BindValue[] | [BindParameters];
