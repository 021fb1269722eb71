import type { Connection } from "./connection.ts";

/** Where the bytes of one answer go. A fault is another outlet. */
export interface Outlet {
  /** Sends the status line and the header. */
  head(bytes: Uint8Array): Promise<void>;
  /** Sends a piece of the body: of a stream with frames, one frame. */
  body(bytes: Uint8Array): Promise<void>;
  /**
   * Ends the answer.
   *
   * @param isKept Whether the client knows that by itself; if not, the
   * connection is closed.
   */
  end(isKept: boolean): Promise<void>;
}

/** Sends an answer as it is. */
export class PlainOutlet implements Outlet {
  /** Where the answer goes. */
  protected readonly connection: Connection;

  /**
   * Makes an outlet.
   *
   * @param connection Where the answer goes.
   */
  constructor(connection: Connection) {
    this.connection = connection;
  }

  /** See {@linkcode Outlet.head}. */
  async head(bytes: Uint8Array): Promise<void> {
    await this.connection.write(bytes);
  }

  /** See {@linkcode Outlet.body}. What a client that left misses is dropped. */
  async body(bytes: Uint8Array): Promise<void> {
    await this.connection.write(bytes);
  }

  /** See {@linkcode Outlet.end}. */
  end(isKept: boolean): Promise<void> {
    if (!isKept) this.connection.close();
    return Promise.resolve();
  }
}
