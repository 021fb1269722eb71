/**
 * Sandboxes: where the code that a model chose runs.
 *
 * @module
 */
export * from "./backend_error.ts";
export * from "./check_launch_spec.ts";
export * from "./egress_attempt.ts";
export * from "./egress_options.ts";
export * from "./egress_policy.ts";
export * from "./image_policy.ts";
export * from "./launch_spec.ts";
export * from "./local_docker_backend.ts";
export * from "./posture.ts";
export * from "./run_result.ts";
export * from "./sandbox_backend.ts";
export * from "./sandbox_egress.ts";
export * from "./sandbox_files.ts";
export * from "./sandbox_files_options.ts";
export * from "./sandbox_observations.ts";
export * from "./sandbox_pool.ts";
export * from "./sandbox_shell.ts";
export * from "./scripted_backend.ts";
export * from "./session_backend.ts";
export * from "./tier_preset.ts";
export * from "./tool_argv.ts";
export * from "./tool_call.ts";
