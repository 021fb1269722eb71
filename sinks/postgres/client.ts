// npm:postgres, as far as the sink needs it. It is imported when a sink opens.
import { Socket } from "node:net";
import type { PostgresAddress } from "../postgres_sink_options.ts";
import { connectionLost } from "./failure.ts";
import type { Server } from "./servers.ts";

/** A value of a parameter: everything is sent as text. */
export type PgValue = string | number | null;

/** A row, with its columns by name. */
export type PgRow = Readonly<Record<string, unknown>>;

/** How a statement is run. */
export interface PgQueryOptions {
  readonly prepare?: boolean | undefined;
  /** Whether values come as the bytes that the server sent, not as text. */
  readonly asBytes?: boolean | undefined;
}

/** Something that takes statements. */
export interface PgQuerier {
  unsafe(
    sql: string,
    params?: readonly PgValue[],
    options?: PgQueryOptions,
  ): Promise<readonly PgRow[]>;
}

/** What the server has to say beside its answers. */
export interface PgNotice {
  readonly severity?: string;
  readonly code?: string;
  readonly message?: string;
}

/** How to make a client. */
export interface PgClientOptions {
  /** User, database and the rest. */
  readonly address: PostgresAddress;
  readonly applicationName: string;
  /** Told of what the server says beside its answers. */
  readonly onNotice?: (notice: PgNotice) => void;
  /** Told of each notification on a channel that the connection listens to. */
  readonly onNotify?: () => void;
  /** Told that the connection has ended. */
  readonly onClose?: () => void;
}

/** Rows of bytes, with the names of their columns. */
interface RawRows extends ReadonlyArray<readonly (Uint8Array | null)[]> {
  readonly columns: readonly { readonly name: string }[];
}

/** What is used of a client of npm:postgres. */
interface PostgresJs {
  unsafe(
    sql: string,
    params?: readonly PgValue[],
    options?: { readonly prepare?: boolean | undefined },
  ): Promise<readonly PgRow[]> & { raw(): Promise<RawRows> };
  end(options: { readonly timeout: number }): Promise<void>;
}

/** How long a server may take to say goodbye, in seconds. */
const GOODBYE_S = 1;
const noop = () => {};

/**
 * One connection: it is made for the first statement, and when it is lost, the client is
 * of no use any more.
 *
 * npm:postgres would go on with another connection. It then has leftovers of the one
 * before: rows and errors of an answer that was cut, statements of a transaction that
 * are sent outside of it, bytes that are sent to a socket that is no more, which ends
 * the process. See porsager/postgres#1208 and #1216.
 */
export class PgClient implements PgQuerier {
  readonly #socket = new Socket();
  readonly #server: Server;
  readonly #sql: PostgresJs;
  readonly #closed = Promise.withResolvers<void>();
  #hasDialled = false;
  #isOver = false;

  private constructor(
    server: Server,
    make: (settings: Record<string, unknown>) => unknown,
    options: PgClientOptions,
  ) {
    this.#server = server;
    const onClosed = () => {
      this.#isOver = true;
      this.#closed.resolve();
    };
    this.#socket.once("close", onClosed);
    this.#closed.promise.then(options.onClose ?? noop);
    this.#sql = make({
      max: 1,
      socket: async (found: Readonly<Record<string, unknown>>) => {
        if (this.#hasDialled) onClosed();
        if (this.#isOver) throw connectionLost();
        return await this.#dial(found);
      },
      // What the sink reads and writes is text, numbers and bytes.
      fetch_types: false,
      // Who connects sees to that: see connect.ts.
      connect_timeout: 0,
      max_lifetime: null,
      onnotice: options.onNotice ?? noop,
      onnotify: options.onNotify ?? noop,
      onclose: onClosed,
      connection: { application_name: options.applicationName },
    }) as PostgresJs;
  }

  /** Makes a client; nothing is contacted yet. */
  static async make(
    server: Server,
    options: PgClientOptions,
  ): Promise<PgClient> {
    const { default: postgres } = await import("postgres");
    const { address } = options;
    if (typeof address === "string") {
      const make = (settings: object) =>
        ofUrl(address, (url) => postgres(url, settings));
      return new PgClient(server, make, options);
    }
    // There, nobody would be told that it has failed.
    const password = typeof address.password === "function"
      ? await address.password()
      : address.password;
    const given = {
      ...address,
      ...(password === undefined ? {} : { password }),
    };
    return new PgClient(
      server,
      (settings) =>
        postgres({ ...given, ...settings } as Parameters<typeof postgres>[1]),
      options,
    );
  }

  /** Whether the connection is lost, or was given up. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Runs a statement, or several without parameters. */
  async unsafe(
    sql: string,
    params?: readonly PgValue[],
    { prepare, asBytes = false }: PgQueryOptions = {},
  ): Promise<readonly PgRow[]> {
    if (this.#isOver) throw connectionLost();
    const query = this.#sql.unsafe(sql, params, { prepare });
    if (!asBytes) return await query;
    const rows = await query.raw();
    const names = rows.columns.map(({ name }) => name);
    return rows.map((values) =>
      Object.fromEntries(values.map((value, n) => [names[n]!, value]))
    );
  }

  async #dial(
    found: { readonly host?: unknown; readonly port?: unknown },
  ): Promise<Socket> {
    this.#hasDialled = true;
    const socket = this.#socket;
    const host = this.#server.host ?? first(found.host, "localhost");
    const port = this.#server.port ?? Number(first(found.port, 5432));
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onClose = () => reject(connectionLost());
    socket.once("connect", resolve).once("error", reject).once(
      "close",
      onClose,
    );
    if (host.startsWith("/")) socket.connect(`${host}/.s.PGSQL.${port}`);
    else socket.connect({ host, port });
    await promise;
    socket.off("error", reject).off("close", onClose);
    // The name that a certificate has to have.
    return Object.assign(socket, { host });
  }

  /** Gives the connection up; what is under way gets no answer. */
  destroy(): void {
    this.#isOver = true;
    this.#socket.destroy();
    if (!this.#hasDialled) this.#closed.resolve();
  }

  /** Ends the connection; resolves when it is closed. */
  async end(): Promise<void> {
    if (!this.#isOver && this.#hasDialled) {
      this.#isOver = true;
      await this.#sql.end({ timeout: GOODBYE_S });
    }
    this.destroy();
    await this.#closed.promise;
  }
}

/** The first of a list that npm:postgres has made of an address and the environment. */
function first<Value>(list: unknown, byDefault: Value): Value {
  return Array.isArray(list) && Boolean(list[0]) ? list[0] : byDefault;
}

/** What is told of a URL that cannot be read does not show it: it has a password. */
function ofUrl<Client>(url: string, make: (url: string) => Client): Client {
  try {
    return make(url);
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof URIError)) throw error;
    throw new TypeError(
      "address: the URL cannot be read; it is like postgres://user@host:5432/database, " +
        "with %40 for an @ in a name or a password",
    );
  }
}
