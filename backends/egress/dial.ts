import { isIP } from "node:net";
import { untilEnded } from "../_until_ended.ts";
import type { ResolveHost } from "../egress_options.ts";
import type { CheckedRule } from "./egress_rule.ts";
import type { OpenAttempt } from "./open_attempt.ts";
import type { AddressRanges } from "./public_address.ts";
import { isOwnAddress } from "./own_address.ts";
import { Refused } from "./refused.ts";

/** How long a name's look-up may take, and then all the dialling. */
const RESOLVE_TIMEOUT_MS = 10_000;
const DIAL_TIMEOUT_MS = 10_000;
/** A name with more addresses than that is up to something. */
const ADDRESSES_MAX = 64;

/** What dialling needs to know. */
export interface Dialling {
  /** Finds the addresses of names. */
  readonly resolve: ResolveHost;
  /** Which of them are public. */
  readonly ranges: AddressRanges;
  /** Finds what denies an address, by whatever name it was asked for. */
  readonly findDeny: (
    target: { readonly host: string; readonly port: number },
  ) => CheckedRule | undefined;
}

/**
 * Connects to a host: looks its name up, once, and dials an address that was
 * checked, never the name.
 *
 * @throws {Refused} `unresolved`, `denied`, `internal` or `unreachable`
 */
export async function dial(
  attempt: OpenAttempt,
  { host, port }: { readonly host: string; readonly port: number },
  dialling: Dialling,
): Promise<Deno.TcpConn> {
  const addresses = isIP(host) === 0
    ? await lookUp(attempt, host, dialling.resolve)
    : [host];
  for (const address of addresses) {
    const refused = problemOf({ host, port }, address, dialling);
    if (refused === undefined) continue;
    attempt.ip = isIP(address) === 0 ? null : address;
    throw refused;
  }
  return await dialFirst(attempt, addresses, port).catch((cause) => {
    throw new Refused("unreachable", `${host}:${port} does not answer`, {
      cause,
    });
  });
}

/** Why an address of a host may not be dialled, if so. */
function problemOf(
  { host, port }: { readonly host: string; readonly port: number },
  address: string,
  { ranges, findDeny }: Dialling,
): Refused | undefined {
  const rule = findDeny({ host: address, port })?.text;
  const what = host === address ? host : `an address of ${host}`;
  if (rule !== undefined) {
    return new Refused("denied", `The rule ${rule} denies ${what}`, { rule });
  }
  const isInner = !ranges.isPublic(address) ||
    (!ranges.isTreatedAsPublic(address) && isOwnAddress(address));
  return isInner
    ? new Refused(
      "internal",
      `${what} is not public, and nothing internal can be reached`,
    )
    : undefined;
}

async function lookUp(
  { signal }: OpenAttempt,
  host: string,
  resolve: ResolveHost,
): Promise<readonly string[]> {
  let cause: unknown;
  try {
    signal.throwIfAborted();
    const looking = Promise.resolve(resolve(host, { signal }));
    const found = await untilEnded(RESOLVE_TIMEOUT_MS, [signal], looking);
    const addresses = found === "timeout" ? [] : found.value;
    // Who wrote it may have had no compiler to tell.
    const isList = Array.isArray(addresses) &&
      addresses.every((address) => typeof address === "string");
    if (isList && addresses.length > 0 && addresses.length <= ADDRESSES_MAX) {
      return [...addresses];
    }
  } catch (error) {
    cause = error;
  }
  throw new Refused("unresolved", `${host} has no address`, { cause });
}

/** Dials one address after the other, until one answers. */
async function dialFirst(
  attempt: OpenAttempt,
  addresses: readonly string[],
  port: number,
): Promise<Deno.TcpConn> {
  const ended = new AbortController();
  const end = () => ended.abort();
  const timer = setTimeout(end, DIAL_TIMEOUT_MS);
  attempt.signal.addEventListener("abort", end, { once: true });
  if (attempt.signal.aborted) end();
  let fault: unknown;
  try {
    for (const hostname of addresses) {
      if (ended.signal.aborted) break;
      attempt.ip = hostname;
      try {
        const { signal } = ended;
        const conn = await Deno.connect({ hostname, port, signal });
        // A handshake's last piece would otherwise wait for a late ACK: 40 ms.
        conn.setNoDelay();
        return conn;
      } catch (error) {
        fault = error;
      }
    }
    throw fault ?? ended.signal.reason;
  } finally {
    clearTimeout(timer);
    attempt.signal.removeEventListener("abort", end);
  }
}
