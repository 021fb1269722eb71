/**
 * The assertions that this project's tests use, with the names and the
 * behaviour of the registry's `@std/assert`, for machines without a registry.
 *
 * @module
 */
export * from "./almost_equals.ts";
export * from "./assertion_error.ts";
export * from "./compare.ts";
export * from "./equal.ts";
export * from "./equals.ts";
export * from "./errors.ts";
export * from "./includes.ts";
export * from "./object_match.ts";
export * from "./truth.ts";
