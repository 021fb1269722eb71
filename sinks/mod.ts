/**
 * The event log: the append-only record of everything that an agent did.
 *
 * @module
 */
export * from "./anchor.ts";
export * from "./anchor_recorder.ts";
export * from "./auditable_sink.ts";
export * from "./chain_head.ts";
export * from "./chain_violation.ts";
export * from "./copy_log.ts";
export * from "./create_event.ts";
export * from "./event.ts";
export * from "./event_bus.ts";
export * from "./event_bus_options.ts";
export * from "./event_filter.ts";
export * from "./event_sink.ts";
export { digestEvent, linkEvent } from "./hash_chain.ts";
export * from "./jsonl_anchor.ts";
export * from "./jsonl_sink.ts";
export { linkBatch, type LogView, type Placed } from "./link_batch.ts";
export * from "./memory_sink.ts";
export * from "./parse_event.ts";
export * from "./postgres_sink.ts";
export * from "./sink_error.ts";
export * from "./sqlite_sink.ts";
export * from "./verify_against_anchor.ts";
export { verifyChain, type VerifyChainOptions } from "./verify_chain.ts";
export * from "./verify_log.ts";
