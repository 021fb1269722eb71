import { Connection } from "./connection.ts";
import { CONTAINER_ROUTES } from "./container_routes.ts";
import type { Daemon } from "./daemon.ts";
import { EngineError } from "./engine_error.ts";
import { EXEC_ROUTES } from "./exec_routes.ts";
import { leavesUndone, outletFor } from "./fault_outlets.ts";
import type { FaultList } from "./faults.ts";
import { type EngineRequest, readRequest } from "./http_request.ts";
import { IMAGE_ROUTES } from "./image_routes.ts";
import { OBSERVE_ROUTES } from "./observe_routes.ts";
import { PlainOutlet } from "./outlet.ts";
import { Reply } from "./reply.ts";
import { dispatch } from "./routes.ts";
import { SYSTEM_ROUTES } from "./system_routes.ts";

// Of two paths that fit, the one without a gap comes first.
const ROUTES = [
  ...SYSTEM_ROUTES,
  ...IMAGE_ROUTES,
  ...OBSERVE_ROUTES,
  ...CONTAINER_ROUTES,
  ...EXEC_ROUTES,
];

/** The engine's socket: takes connections, and answers what comes on them. */
export class EngineServer {
  /** What was asked, in order, as soon as it was read. */
  readonly requests: EngineRequest[] = [];
  readonly #path: string;
  readonly #daemon: Daemon;
  readonly #faults: FaultList;
  readonly #connections = new Map<Connection, Promise<void>>();
  #listener: Deno.Listener | undefined;
  #accepting: Promise<void> = Promise.resolve();

  /**
   * Makes a server that does not listen yet.
   *
   * @param path Where it is to listen.
   * @param daemon Whose it is.
   * @param faults What is to go wrong.
   */
  constructor(path: string, daemon: Daemon, faults: FaultList) {
    this.#path = path;
    this.#daemon = daemon;
    this.#faults = faults;
  }

  /** How many connections are open, as this side sees it. */
  get openConnections(): number {
    return this.#connections.size;
  }

  /** Listens. Harmless if it does. */
  listen(): void {
    if (this.#listener !== undefined) return;
    const listener = Deno.listen({ transport: "unix", path: this.#path });
    this.#listener = listener;
    this.#accepting = this.#accept(listener);
  }

  /** Listens no more, and closes every connection. */
  async stop(): Promise<void> {
    this.#listener?.close();
    this.#listener = undefined;
    await this.#accepting;
    for (const connection of this.#connections.keys()) connection.close();
    await Promise.all(this.#connections.values());
  }

  async #accept(listener: Deno.Listener): Promise<void> {
    for await (const conn of listener) {
      const connection = new Connection(conn);
      this.#connections.set(connection, this.#serve(connection));
      this.#daemon.changed();
    }
  }

  async #serve(connection: Connection): Promise<void> {
    try {
      await using open = connection;
      while (await this.#answer(open));
    } catch (error) {
      this.#daemon.errors.push(error);
    } finally {
      this.#connections.delete(connection);
      this.#daemon.changed();
    }
  }

  /** Answers the next request; tells whether another one may come. */
  async #answer(connection: Connection): Promise<boolean> {
    let request: EngineRequest | undefined;
    try {
      request = await readRequest(connection.incoming);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      const { status, message } = error;
      const outlet = new PlainOutlet(connection);
      await new Reply(outlet, connection, same).json(status, { message });
      return false;
    }
    if (request === undefined) return false;
    this.requests.push(request);
    this.#daemon.changed();
    const fault = this.#faults.match(request);
    const outlet = outletFor(fault, connection);
    if (leavesUndone(fault)) {
      await outlet.head(new Uint8Array());
      return true;
    }
    const alter = fault?.kind === "altered" ? fault.alter : same;
    const reply = new Reply(outlet, connection, alter);
    // A client that leaves before its answer is there wants it no more.
    let isAnswered = false;
    connection.incoming.ended.then(() => {
      if (!reply.isRaw && !isAnswered) connection.close();
    });
    const answered = this.#dispatch(request, reply);
    // What a closed connection still waits for may never come.
    await Promise.race([answered, connection.closed]);
    isAnswered = true;
    return !reply.isRaw;
  }

  async #dispatch(request: EngineRequest, reply: Reply): Promise<void> {
    try {
      await dispatch(ROUTES, this.#daemon, request, reply);
    } catch (error) {
      if (!(error instanceof EngineError)) this.#daemon.errors.push(error);
      const status = error instanceof EngineError ? error.status : 500;
      const message = error instanceof Error ? error.message : String(error);
      await reply.json(status, { message });
    }
    this.#daemon.changed();
  }
}

function same<T>(value: T): T {
  return value;
}
