// One pass over a log, for the traces of one part.
import { setImmediate } from "node:timers/promises";
import type { Anchor } from "./anchor.ts";
import { type LogRow, ROWS_AT_A_TIME } from "./_audit_batches.ts";
import type { ChainViolation, ChainViolationCode } from "./chain_violation.ts";
import { checkRow } from "./_row_check.ts";
import { readSealed, type Sealed, sealedEvent } from "./_sealed_event.ts";
import { SinkError } from "./sink_error.ts";
import type { Details, TraceCheck } from "./_trace_check.ts";
import { type Part, TraceTable } from "./_trace_table.ts";
import { ViolationList } from "./_violation_list.ts";

/** What all passes over a log have in common. */
export interface PassSettings {
  readonly key: Uint8Array | undefined;
  readonly ctxFields: readonly string[];
  readonly tracesMax: number;
  readonly violationsMax: number;
  readonly seed: number;
  readonly signal: AbortSignal | undefined;
  /** The last row to look at, so that all passes see the same log. */
  readonly lastSeq: number;
  /** Whether rows end where one is broken, so that the rest is unknown. */
  readonly endsWhereBroken: boolean;
  /** Takes what concerns a row and no trace; for the first pass alone. */
  readonly rows: ViolationList | undefined;
}

/** One pass over a log. */
export class LogPass {
  /** What is wrong with the part's traces. */
  violations: ViolationList;
  /** The parts that did not fit, for later passes. */
  readonly left: Part[] = [];
  /** How many rows were seen. */
  events = 0;
  /** The last row seen. */
  seq = 0;
  /** Whether every row could be reached. */
  complete = true;
  readonly #settings: PassSettings;
  readonly #table: TraceTable;
  #current: TraceCheck | undefined;
  /** Whether this pass is void, since a split took what cannot be told apart. */
  #isVoid = false;

  constructor(part: Part, settings: PassSettings) {
    this.#settings = settings;
    this.violations = new ViolationList(settings.violationsMax);
    this.#table = new TraceTable(part, settings.tracesMax, settings.seed);
  }

  /** Runs the pass; the callback is told after each batch. */
  async run(
    batches: AsyncIterable<readonly LogRow[]>,
    anchors: AsyncIterable<Anchor> | Iterable<Anchor>,
    onBatch: () => void,
  ): Promise<void> {
    const { signal, lastSeq } = this.#settings;
    await this.#takeAnchors(anchors);
    let unbroken = 0;
    for await (const batch of batches) {
      signal?.throwIfAborted();
      for (const row of batch) {
        if (row.seq > lastSeq) return;
        this.#row(row);
        if (this.#isVoid && this.#settings.rows === undefined) return;
      }
      onBatch();
      unbroken += batch.length;
      // A sink that answers at once would keep timers and other work waiting.
      if (unbroken >= ROWS_AT_A_TIME) {
        unbroken = 0;
        await setImmediate();
      }
    }
    signal?.throwIfAborted();
  }

  /** Ends the pass: what the anchors miss, and the sums over all traces. */
  end(): { traces: number; unlinked: number } {
    const sums = { traces: 0, unlinked: 0 };
    if (this.#isVoid) return sums;
    for (const [, trace] of this.#table.entries()) {
      this.#current = trace;
      if (this.complete) trace.end(this.#report);
      if (trace.events > 0) sums.traces++;
      sums.unlinked += trace.unlinked;
    }
    return sums;
  }

  async #takeAnchors(
    anchors: AsyncIterable<Anchor> | Iterable<Anchor>,
  ): Promise<void> {
    for await (const anchor of anchors) {
      if (!this.#has(anchor.trace_id)) continue;
      const trace = this.#table.get(anchor.trace_id);
      // The newest will do: its hash stands for everything before it.
      if (anchor.seq >= (trace.anchor?.seq ?? 0)) trace.anchor = anchor;
      this.#makeRoom();
    }
  }

  #row(row: LogRow): void {
    this.events++;
    if (row.seq <= this.seq) {
      const message = `The row at seq ${row.seq} stands behind seq ${this.seq}`;
      this.#reportRow("seq_order", message, row, {});
    }
    this.seq = row.seq;
    if ("event" in row) {
      if (this.#has(row.event.trace_id)) {
        this.#follow(sealedEvent(row.event), row.seq);
      }
      return;
    }
    if (row.text === undefined) return this.#unreadable(row, row.error);
    const { text } = row;
    let sealed: Sealed;
    try {
      sealed = readSealed(text);
    } catch (error) {
      if (!(error instanceof SinkError)) throw error;
      return this.#unreadable(row, error);
    }
    if (!this.#has(sealed.trace_id)) return;
    this.#current = this.#table.get(sealed.trace_id);
    checkRow(row, text, sealed, this.#settings.ctxFields, this.#report);
    this.#follow(sealed, row.seq);
  }

  #follow(sealed: Sealed, seq: number): void {
    const trace = this.#table.get(sealed.trace_id);
    this.#current = trace;
    trace.follow(sealed, seq, this.#settings.key, this.#report);
    this.#makeRoom();
  }

  #unreadable(
    row: Exclude<LogRow, { event: unknown }>,
    error: SinkError | undefined,
  ): void {
    if (this.#settings.endsWhereBroken) this.complete = false;
    const why = error?.message ?? "the sink does not say why";
    const message = `The row at seq ${row.seq} cannot be read: ${why}`;
    const { event_id = error?.event_id ?? null, trace_id = null } =
      row.columns ?? {};
    this.#reportRow("unreadable_row", message, row, { event_id, trace_id });
    if (trace_id !== null && this.#has(trace_id)) {
      this.#table.get(trace_id).skip();
      this.#makeRoom();
    }
  }

  #reportRow(
    code: ChainViolationCode,
    message: string,
    { seq }: LogRow,
    of: Partial<Pick<ChainViolation, "event_id" | "trace_id">>,
  ): void {
    const at = { seq, event_id: null, trace_id: null, ...of };
    this.#settings.rows?.add({ code, message, ...at });
  }

  readonly #report = (
    code: ChainViolationCode,
    message: string,
    details: Details,
  ): void => {
    this.#current!.violations++;
    this.violations.add({ code, message, ...details });
  };

  #has(trace_id: string): boolean {
    return !this.#isVoid && this.#table.has(trace_id);
  }

  /** Gives up half of the part for as long as it does not fit. */
  #makeRoom(): void {
    while (this.#table.isOverfull) {
      // What was cut off the list may belong to the half that is kept, whose
      // report would then lack it: that half starts anew, in a pass of its own.
      this.#isVoid = this.violations.isCut;
      const { part, dropped } = this.#table.split();
      this.left.push(part);
      if (this.#isVoid) {
        this.left.push(this.#table.part);
        this.violations = new ViolationList(this.#settings.violationsMax);
        return;
      }
      for (const trace of dropped) this.violations.total -= trace.violations;
      this.violations.items = this.violations.items.filter(({ trace_id }) =>
        this.#table.has(trace_id!)
      );
    }
  }
}
