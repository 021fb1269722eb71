/**
 * Sandboxes: where the code that a model chose runs.
 *
 * @module
 */
export * from "./backend_error.ts";
export * from "./launch_spec.ts";
export * from "./run_result.ts";
export * from "./sandbox_backend.ts";
export * from "./sandbox_pool.ts";
export * from "./scripted_backend.ts";
export * from "./session_backend.ts";
export * from "./tool_call.ts";
