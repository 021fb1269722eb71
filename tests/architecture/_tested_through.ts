/**
 * Sources without a test file of their own, each with the test that shows what
 * it does: private parts of one public thing are tested through that thing.
 * Files that only declare types or re-export need no entry.
 */
export const TESTED_THROUGH: Readonly<Record<string, string>> = {
  "backends/backend_error.ts": "tests/backends/scripted_backend_test.ts",
  "backends/sandbox_backend.ts": "tests/backends/scripted_backend_test.ts",
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
  "sinks/sqlite/": "tests/sinks/sqlite/conformance_test.ts",
  "sinks/sqlite_sink_options.ts": "tests/sinks/sqlite/conformance_test.ts",
};
