/**
 * The contracts of the ports as tests, for those who write an adapter.
 *
 * @module
 */
export * from "./event_sink.ts";
export * from "./payload_codec.ts";
export * from "./sandbox_backend.ts";
