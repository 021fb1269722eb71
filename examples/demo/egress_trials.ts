import type { EgressReason, Sandbox } from "@zu/backends/backends";
import type { TimedCall } from "./sandbox_tools.ts";

/** How long a proxy may take to tell of what was tried. */
const TOLD_TIMEOUT_MS = 10_000;

/** What the sandbox asks for, and what has to come of it. */
export interface EgressTrial {
  /** What it asks for. */
  readonly url: string;
  /** The host, as it is recorded. */
  readonly host: string | null;
  /** Whether it gets there. */
  readonly allowed: boolean;
  /** Why, or why not. */
  readonly reason: EgressReason;
  /** The status of the answer that it gets. */
  readonly status: number;
}

/** What the sandbox tries, where it may reach one host and port alone. */
export function egressTrials(granted: string): readonly EgressTrial[] {
  const [host, port] = granted.split(":");
  const refused = {
    allowed: false,
    reason: "not_allowed",
    status: 403,
  } as const;
  // Where clouds keep the credentials of a machine.
  const metadata = "169.254.169.254";
  return [
    {
      url: `http://${granted}/menu`,
      host: host!,
      allowed: true,
      reason: "closed",
      status: 200,
    },
    {
      url: `http://other.example.com:${port}/menu`,
      host: "other.example.com",
      ...refused,
    },
    { url: `http://${metadata}/latest/`, host: metadata, ...refused },
    {
      url: "http://no..name/",
      host: null,
      allowed: false,
      reason: "malformed",
      status: 400,
    },
  ];
}

/** The call that tries all of that, one after the other. */
export function fetchCall(granted: string): TimedCall {
  const urls = egressTrials(granted).map(({ url }) => url);
  const attempts = urls.length;
  return { name: "fetch", args: { urls }, timeoutMs: 10_000, attempts };
}

/**
 * Waits until a sandbox's proxy has told of as many attempts, which it does when
 * each is over, or for long enough: what is missing then is found by a check.
 */
export async function untilTold(
  { egress }: Sandbox,
  count: number,
): Promise<void> {
  if (egress === undefined) return;
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), TOLD_TIMEOUT_MS);
  try {
    let told = 0;
    for await (const _ of egress.attempts({ signal: patience.signal })) {
      if (++told === count) return;
    }
  } finally {
    clearTimeout(timer);
  }
}
