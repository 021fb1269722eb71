import { PgClient, type PgClientOptions } from "./client.ts";
import { connectTimeout, isStandby } from "./failure.ts";
import type { Servers } from "./servers.ts";

/** How to connect. */
export interface ConnectOptions extends Omit<PgClientOptions, "address"> {
  readonly servers: Servers;
  /** How long each of the servers may take. */
  readonly connectTimeoutMs: number;
}

/**
 * Makes a connection to the primary: each of the servers is tried once.
 *
 * No standby will do, though it could be read from: it has its rows later than the
 * primary, and no lock of those that tell how far the log is settled.
 *
 * @throws What the last of them said.
 */
export async function connect(
  { servers, connectTimeoutMs, ...options }: ConnectOptions,
  signal: AbortSignal,
): Promise<PgClient> {
  const { address } = servers;
  let trouble: unknown;
  for (const server of servers.inTurn()) {
    signal.throwIfAborted();
    const making = PgClient.make(server, { ...options, address });
    try {
      const client = await inTime(making.then(greet), connectTimeoutMs, signal);
      servers.found(server);
      return client;
    } catch (error) {
      making.then((client) => client.destroy(), () => {/* It is told. */});
      trouble = error;
    }
  }
  throw trouble;
}

/** Has a client connect, and asks the server what it is. */
async function greet(client: PgClient): Promise<PgClient> {
  const [row] = await client.unsafe(
    "SELECT pg_catalog.pg_is_in_recovery()::text AS is_standby",
  );
  if (row!.is_standby === "true") throw isStandby();
  return client;
}

async function inTime<Result>(
  work: Promise<Result>,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Result> {
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(connectTimeout(timeoutMs)), timeoutMs);
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort);
  try {
    return await Promise.race([work, stopped]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  }
}
