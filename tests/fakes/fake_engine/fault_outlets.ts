// What becomes of an answer's bytes under each fault.
import type { Connection } from "./connection.ts";
import type { FaultKind } from "./faults.ts";
import { FRAME_HEADER_BYTES } from "./frames.ts";
import { type Outlet, PlainOutlet } from "./outlet.ts";
import { turn } from "./turn.ts";
import { jsonAnswer } from "./reply.ts";

const encoder = new TextEncoder();

/** What a stray server might say. */
const GARBAGE = encoder.encode("\x15\x03\x01\x00\x02\x02\x46 not HTTP\r\n\r\n");

/** Where an answer goes: as it is, or as the fault will have it. */
export function outletFor(
  fault: FaultKind | undefined,
  connection: Connection,
): Outlet {
  switch (fault?.kind) {
    case undefined:
    case "altered":
      return new PlainOutlet(connection);
    case "500": {
      const message = fault.message ?? "the fake engine was told to fail";
      const { head, body } = jsonAnswer(500, { message });
      return new InsteadOutlet(connection, [head, body]);
    }
    case "reset":
      return new InsteadOutlet(connection, []);
    case "garbage":
      return new InsteadOutlet(connection, [GARBAGE]);
    case "silence":
      return fault.after === undefined
        ? new SilentOutlet(connection)
        : new StallingOutlet(connection, fault.after);
    case "bad json":
      return new NoisyOutlet(connection);
    case "reset mid-stream":
      return new CutOutlet(connection, fault.after);
    case "half a frame":
      return new HalfFrameOutlet(
        connection,
        fault.frames ?? 0,
        fault.cut ?? "body",
      );
    case "slow":
      return fault.until === undefined
        ? new BytewiseOutlet(connection)
        : new GatedOutlet(connection, fault.until, fault.after);
  }
}

/** Whether the engine does nothing of what it was asked under a fault. */
export function leavesUndone(fault: FaultKind | undefined): boolean {
  switch (fault?.kind) {
    case "500":
    case "reset":
    case "garbage":
      return fault.isDone !== true;
    case "silence":
      return fault.isDone !== true && fault.after === undefined;
    default:
      return false;
  }
}

/** Sends something else, and closes. */
class InsteadOutlet extends PlainOutlet {
  readonly #instead: readonly Uint8Array[];

  constructor(connection: Connection, instead: readonly Uint8Array[]) {
    super(connection);
    this.#instead = instead;
  }

  override async head(): Promise<void> {
    for (const bytes of this.#instead) await super.head(bytes);
    this.connection.close();
  }
}

/** Sends nothing, and leaves the connection open. */
class SilentOutlet implements Outlet {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  head(): Promise<void> {
    return Promise.resolve();
  }

  body(): Promise<void> {
    return Promise.resolve();
  }

  async end(isKept: boolean): Promise<void> {
    // Where it is kept, the connection waits for another request anyway.
    if (!isKept) await this.#connection.closed;
  }
}

/** Sends so many bytes of the body. */
class CutOutlet extends PlainOutlet {
  #left: number;

  constructor(connection: Connection, after: number) {
    super(connection);
    this.#left = after;
  }

  override async head(bytes: Uint8Array): Promise<void> {
    await super.head(bytes);
    if (this.#left === 0) this.spent();
  }

  override async body(bytes: Uint8Array): Promise<void> {
    const part = bytes.subarray(0, this.#left);
    this.#left -= part.length;
    if (part.length > 0) await super.body(part);
    if (this.#left === 0) this.spent();
  }

  /** What happens after the last of these bytes. */
  protected spent(): void {
    this.connection.close();
  }
}

/** Sends so many bytes of the body, and then nothing more. */
class StallingOutlet extends CutOutlet {
  readonly #silent: SilentOutlet;

  constructor(connection: Connection, after: number) {
    super(connection, after);
    this.#silent = new SilentOutlet(connection);
  }

  protected override spent(): void {}

  override end(isKept: boolean): Promise<void> {
    return this.#silent.end(isKept);
  }
}

/** Sends so many frames, and half of the next. */
class HalfFrameOutlet extends PlainOutlet {
  readonly #cut: "header" | "body";
  #left: number;

  constructor(connection: Connection, frames: number, cut: "header" | "body") {
    super(connection);
    this.#left = frames;
    this.#cut = cut;
  }

  override async body(bytes: Uint8Array): Promise<void> {
    if (this.#left-- > 0) return await super.body(bytes);
    const end = this.#cut === "header"
      ? FRAME_HEADER_BYTES / 2
      : (FRAME_HEADER_BYTES + bytes.length) / 2;
    await super.body(bytes.subarray(0, end));
    this.connection.close();
  }
}

/** Overwrites the second half of each piece. */
class NoisyOutlet extends PlainOutlet {
  override body(bytes: Uint8Array): Promise<void> {
    return super.body(bytes.slice().fill(0x21, bytes.length / 2));
  }
}

/** Sends each byte by itself, so that a client gets to read it by itself. */
class BytewiseOutlet extends PlainOutlet {
  override async head(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes.subarray(at, at + 1);
      if (!(await this.connection.write(byte))) return;
      await turn(this.connection.closed);
    }
  }

  override body(bytes: Uint8Array): Promise<void> {
    return this.head(bytes);
  }
}

/** Sends nothing, or no more than so many bytes, before a promise settles. */
class GatedOutlet extends PlainOutlet {
  readonly #gate: Promise<unknown>;
  #before: number | undefined;

  constructor(
    connection: Connection,
    until: Promise<unknown>,
    after: number | undefined,
  ) {
    super(connection);
    const open = until.then(() => {}, () => {});
    this.#gate = Promise.race([open, connection.closed]);
    this.#before = after;
  }

  override async head(bytes: Uint8Array): Promise<void> {
    if (this.#before === undefined) await this.#gate;
    await super.head(bytes);
  }

  override async body(bytes: Uint8Array): Promise<void> {
    const before = this.#before ?? Infinity;
    const part = bytes.subarray(0, before);
    if (part.length > 0) await super.body(part);
    if (part.length === bytes.length) {
      if (this.#before !== undefined) this.#before = before - part.length;
      return;
    }
    await this.#gate;
    this.#before = Infinity;
    await super.body(bytes.subarray(part.length));
  }
}
