// npm:postgres, as far as the sink needs it. It is imported when a sink opens.
import type { PostgresAddress } from "../postgres_sink_options.ts";

/** A value of a parameter: everything is sent as text but for bytes. */
export type PgValue = string | number | null | Uint8Array;

/** A row, with its columns by name. */
export type PgRow = Readonly<Record<string, unknown>>;

/** Something that takes statements: a client, or a transaction of one. */
export interface PgQuerier {
  unsafe(
    sql: string,
    params?: readonly PgValue[],
    options?: { readonly prepare?: boolean },
  ): Promise<readonly PgRow[]>;
}

/** What the server has to say beside its answers. */
export interface PgNotice {
  readonly severity?: string;
  readonly code?: string;
  readonly message?: string;
}

/** A client with up to `max` connections, which it makes when they are needed. */
export interface PgClient extends PgQuerier {
  begin<Result>(body: (tx: PgQuerier) => Promise<Result>): Promise<Result>;
  end(options: { readonly timeout: number }): Promise<void>;
}

/** How to make a client. */
export interface PgClientOptions {
  readonly address: PostgresAddress;
  readonly max: number;
  readonly prepare: boolean;
  readonly connectTimeoutMs: number;
  readonly applicationName: string;
  /** Told of what the server says beside its answers. */
  readonly onNotice?: (notice: PgNotice) => void;
  /** Told of each notification on a channel that a connection listens to. */
  readonly onNotify?: () => void;
  /** Told that a connection has ended. */
  readonly onClose?: () => void;
}

const RECONNECT_MS_MAX = 1000;
const noop = () => {};

/** Makes a client; nothing is contacted yet. */
export async function makeClient(options: PgClientOptions): Promise<PgClient> {
  const { default: postgres } = await import("postgres");
  const { address, max, prepare, connectTimeoutMs, applicationName } = options;
  const settings = {
    max,
    prepare,
    // What the sink reads and writes is text, numbers and bytes.
    fetch_types: false,
    connect_timeout: connectTimeoutMs / 1000,
    max_lifetime: null,
    backoff: (retries: number) =>
      Math.min(0.02 * 2 ** retries, RECONNECT_MS_MAX / 1000),
    onnotice: options.onNotice ?? noop,
    onnotify: options.onNotify ?? noop,
    onclose: options.onClose ?? noop,
    connection: { application_name: applicationName },
  };
  const client = typeof address === "string"
    ? postgres(address, settings)
    : postgres(
      { ...address, ...settings } as unknown as Parameters<typeof postgres>[1],
    );
  return client as unknown as PgClient;
}
