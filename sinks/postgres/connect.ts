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
    const client = await PgClient.make(server, { ...options, address });
    try {
      await greet(client, connectTimeoutMs, signal);
      servers.found(server);
      return client;
    } catch (error) {
      client.destroy();
      trouble = error;
    }
  }
  throw trouble;
}

async function greet(
  client: PgClient,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(connectTimeout(timeoutMs)), timeoutMs);
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort);
  const asked = client.unsafe(
    "SELECT pg_catalog.pg_is_in_recovery()::text AS is_standby",
  );
  // Nobody waits for it any more, when it is too late.
  asked.catch(() => {});
  try {
    const [row] = await Promise.race([asked, stopped]);
    if (row!.is_standby === "true") throw isStandby();
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  }
}
