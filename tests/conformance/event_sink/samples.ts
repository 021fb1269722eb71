// Events and questions that the rules share.
import {
  assert,
  assertEquals,
  AssertionError,
  assertRejects,
} from "@std/assert";
import { setImmediate } from "node:timers/promises";
import {
  createEvent,
  digestEvent,
  type Event,
  type EventInit,
  type EventSink,
  serializeEvent,
  SinkError,
  type SinkErrorCode,
  type StoredEvent,
} from "../../../sinks/mod.ts";

/** Two traces; more come from {@linkcode uuid}. */
export const TRACE_A = uuid(0xa);
/** The other one. */
export const TRACE_B = uuid(0xb);
/** The task of events that do not name one. */
export const TASK = uuid(0xc);
/** A hash that no event has. */
export const MADE_UP_HASH = "0123456789abcdef".repeat(4);
/** A signing key. */
export const SIGN_KEY: Uint8Array = new Uint8Array(32).fill(107);

/** A UUID that ends in the number. */
export function uuid(number: number): string {
  return `00000000-0000-4000-8000-${number.toString(16).padStart(12, "0")}`;
}

/** An event; what is not given is the same each time, but for its id. */
export function sample(init: Partial<EventInit> = {}): Event {
  return createEvent({
    trace_id: TRACE_A,
    task_id: TASK,
    type: "harness.step",
    source: "suite",
    ts: "2024-01-02T03:04:05.678900Z",
    ...init,
  });
}

/** Several events of one trace, numbered in their payload. */
export function samples(
  count: number,
  init: Partial<EventInit> = {},
): Event[] {
  return Array.from(
    { length: count },
    (_, n) => sample({ ...init, payload: { n } }),
  );
}

/** The event as a caller's own object, which can be changed. */
export function plain(event: Event): Event {
  return structuredClone(event);
}

/** Everything that a stream gives. */
export async function drain(
  stream: AsyncIterable<StoredEvent>,
): Promise<StoredEvent[]> {
  return await Array.fromAsync(stream);
}

/**
 * Lets the loop turn, so that a stream comes to rest at the log's end. What is
 * checked then holds whether it has done so or not.
 */
export async function settle(turns = 20): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await setImmediate();
}

/**
 * Marks a promise that is awaited later on, so that its failure meanwhile fails
 * the test and not the whole file.
 */
export function later<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

/**
 * Checks each case on what is at hand, and names the one that fails. Cases that
 * leave nothing behind share a log in this way, since opening one takes time.
 */
export async function each<T>(
  cases: Iterable<readonly [what: string, value: T]>,
  check: (value: T) => void | Promise<void>,
): Promise<void> {
  for (const [what, value] of cases) {
    try {
      await check(value);
    } catch (cause) {
      const { message } = cause as Error;
      throw new AssertionError(`${what}: ${message}`, { cause });
    }
  }
}

/** The events' ids. */
export function ids(stored: readonly StoredEvent[]): string[] {
  return stored.map(({ event }) => event.event_id);
}

/** Checks that a call is refused with the code, and returns the error. */
export async function assertCode(
  code: SinkErrorCode,
  call: () => Promise<unknown>,
): Promise<SinkError> {
  const error = await assertRejects(call, SinkError);
  assertEquals(error.code, code, error.message);
  assert(error.message.length > 20, `says little: "${error.message}"`);
  return error;
}

/** Checks that the whole log is these events in this order, and returns it. */
export async function assertLog(
  sink: EventSink,
  events: readonly Event[],
): Promise<StoredEvent[]> {
  const log = await sink.query();
  assertEquals(ids(log), events.map(({ event_id }) => event_id));
  assertEquals(await sink.count(), events.length);
  assertEquals(await drain(sink.stream()), log);
  assertSeqs(log);
  assertChains(log);
  return log;
}

/** Checks that the numbers of a log begin at 1 and grow. */
export function assertSeqs(log: readonly StoredEvent[]): void {
  let last = 0;
  for (const { seq } of log) {
    assert(Number.isSafeInteger(seq), `seq ${seq} is no integer`);
    if (last === 0) assertEquals(seq, 1, "the first seq");
    assert(seq > last, `seq ${seq} stands behind ${last}`);
    last = seq;
  }
}

/** Checks every chain of a whole log by taking each digest again. */
export function assertChains(log: readonly StoredEvent[]): void {
  const heads = new Map<string, string | null>();
  for (const { seq, event } of log) {
    const head = heads.get(event.trace_id) ?? null;
    assertEquals(event.prev_hash, head, `prev_hash at seq ${seq}`);
    const digest = digestEvent(event, head);
    assertEquals(event.hash, digest, `hash at seq ${seq}`);
    heads.set(event.trace_id, event.hash);
  }
}

/** An event's stored text without its chain fields: what the caller gave. */
export function contentText(event: Event): string {
  const text = serializeEvent(event);
  const end = text.lastIndexOf(',"prev_hash":');
  if (end < 0) throw new AssertionError(`no chain fields in ${text}`);
  return text.slice(0, end);
}

/** Checks that a value cannot be changed, down to the last nested one. */
export function assertFrozen(value: unknown, path: string): void {
  if (typeof value !== "object" || value === null) return;
  assert(Object.isFrozen(value), `${path} can be changed`);
  for (const [key, member] of Object.entries(value)) {
    assertFrozen(member, `${path}.${key}`);
  }
}
