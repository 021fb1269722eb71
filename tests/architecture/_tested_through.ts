/**
 * Sources without a test file of their own, each with the test that shows what
 * it does: private parts of one public thing are tested through that thing.
 * Files that only declare types or re-export need no entry.
 */
export const TESTED_THROUGH: Readonly<Record<string, string>> = {
  "backends/_script.ts": "tests/backends/scripted_backend_test.ts",
  "backends/_scripted_session.ts": "tests/backends/scripted_backend_test.ts",
  "backends/_until_ended.ts": "tests/backends/scripted_backend_test.ts",
  "backends/backend_error.ts": "tests/backends/scripted_backend_test.ts",
  "backends/check_launch_spec.ts": "tests/backends/scripted_backend_test.ts",
  "backends/docker_client.ts": "tests/backends/local_docker_backend_test.ts",
  "backends/docker_observations.ts": "tests/docker/observations_test.ts",
  "backends/docker_programs.ts": "tests/docker/run_test.ts",
  "backends/egress/byte_budget.ts":
    "tests/backends/egress/open_attempt_test.ts",
  "backends/egress/egress_host.ts": "tests/backends/egress/egress_rule_test.ts",
  "backends/egress/forwarder_contract.ts":
    "tests/backends/egress/forwarder_program_test.ts",
  "backends/egress/hello_reader.ts":
    "tests/backends/egress/client_hello_test.ts",
  "backends/egress/ip_address.ts":
    "tests/backends/egress/public_address_test.ts",
  "backends/egress/pass_bytes.ts": "tests/backends/egress/tunnel_test.ts",
  "backends/egress/read_head.ts": "tests/backends/egress/conversation_test.ts",
  "backends/egress/read_rule.ts": "tests/backends/egress/egress_rule_test.ts",
  "backends/egress/refused.ts": "tests/backends/egress/dial_test.ts",
  "backends/egress/special_ranges.ts":
    "tests/backends/egress/public_address_test.ts",
  "backends/egress_options.ts": "tests/backends/egress/egress_grant_test.ts",
  "backends/files/": "tests/backends/sandbox_files_test.ts",
  "backends/forwarder_image/": "tests/backends/forwarder_image_test.ts",
  "backends/local_docker/": "tests/backends/local_docker_backend_test.ts",
  "backends/local_docker_options.ts":
    "tests/backends/local_docker_backend_test.ts",
  "backends/pool/": "tests/backends/sandbox_pool_test.ts",
  "backends/sandbox_backend.ts": "tests/backends/scripted_backend_test.ts",
  "backends/sandbox_files_options.ts": "tests/backends/sandbox_files_test.ts",
  "backends/sessions/": "tests/backends/sessions/json_line_session_test.ts",
  "backends/spec/": "tests/backends/spec/launch_spec_check_test.ts",
  "codec/_aes_gcm.ts": "tests/codec/aes_gcm_codec_test.ts",
  "codec/_aes_key.ts": "tests/codec/aes_gcm_codec_test.ts",
  "codec/_bytes.ts": "tests/codec/managed_aes_gcm_codec_test.ts",
  "codec/_env.ts": "tests/codec/env_key_provider_test.ts",
  "codec/_key_counter.ts": "tests/codec/key_usage_test.ts",
  "codec/_key_id.ts": "tests/codec/managed_aes_gcm_codec_test.ts",
  "codec/_key_text.ts": "tests/codec/env_key_provider_test.ts",
  "codec/_row_error.ts": "tests/codec/decode_payload_test.ts",
  "codec/_text.ts": "tests/codec/decode_payload_test.ts",
  "registry_error.ts": "tests/adapter_registry_test.ts",
  "sinks/_audit_batches.ts": "tests/sinks/verify_log_test.ts",
  "sinks/_bus_destination.ts": "tests/sinks/event_bus_test.ts",
  "sinks/_bus_subscription.ts": "tests/sinks/event_bus_test.ts",
  "sinks/_chain_items.ts": "tests/sinks/verify_chain_test.ts",
  "sinks/_log_pass.ts": "tests/sinks/verify_log_test.ts",
  "sinks/_row_check.ts": "tests/sinks/verify_log_test.ts",
  "sinks/_scan_payload.ts": "tests/sinks/_sealed_event_test.ts",
  "sinks/_trace_check.ts": "tests/sinks/verify_log_test.ts",
  "sinks/_violation_list.ts": "tests/sinks/verify_log_test.ts",
  "sinks/event_bus_options.ts": "tests/sinks/event_bus_test.ts",
  "sinks/event_sink.ts": "tests/conformance/event_sink_suite_test.ts",
  "sinks/jsonl/": "tests/sinks/jsonl/conformance_test.ts",
  "sinks/rows/": "tests/sinks/sqlite_sink_test.ts",
  "sinks/sqlite/": "tests/sinks/sqlite/conformance_test.ts",
  "sinks/sqlite_sink_options.ts": "tests/sinks/sqlite/conformance_test.ts",
};
