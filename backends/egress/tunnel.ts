import { readClientHello } from "./client_hello.ts";
import type { CheckedRule } from "./egress_rule.ts";
import type { OpenAttempt } from "./open_attempt.ts";
import { passAll } from "./pass_bytes.ts";
import { Refused } from "./refused.ts";
import { refusalReply } from "./refusal_reply.ts";
import type { Authority } from "./target.ts";
import type { Wire } from "./wire.ts";

const ESTABLISHED = new TextEncoder().encode(
  "HTTP/1.1 200 Connection established\r\n\r\n",
);
/** A fatal alert of TLS, "access denied": what such a client can make sense of. */
const TLS_ACCESS_DENIED = new Uint8Array([0x15, 3, 3, 0, 2, 2, 49]);

/** A tunnel that is to be opened. */
export interface TunnelRequest {
  readonly authority: Authority;
  /** The rule that allows it. */
  readonly rule: CheckedRule;
}

/**
 * Passes bytes both ways, once the client has shown that it speaks TLS, with the
 * host that it asked for, or the rule allows anything.
 *
 * @throws {Refused} `mismatch` or `not_tls`; then nothing was sent to the host.
 */
export async function tunnel(
  client: Wire,
  host: Wire,
  attempt: OpenAttempt,
  { authority, rule }: TunnelRequest,
): Promise<void> {
  await client.write(ESTABLISHED);
  // Of other protocols there are some in which the host speaks first.
  if (!rule.tcp) {
    await checkFirstBytes(client, attempt, authority, rule);
    // Nothing was said, so that nothing is to be answered.
    if (client.buffered.length === 0) return;
  }
  const out = async () => {
    if (rule.tcp) await checkFirstBytes(client, attempt, authority, rule);
    await passAll(client, host, (bytes) => attempt.countOut(bytes));
    await host.closeWrite();
  };
  const back = async () => {
    await passAll(host, client, (bytes) => attempt.countIn(bytes));
    await client.closeWrite();
  };
  await Promise.all([out(), back()]);
}

async function checkFirstBytes(
  client: Wire,
  attempt: OpenAttempt,
  { host, port }: Authority,
  rule: CheckedRule,
): Promise<void> {
  let first = readClientHello(client.buffered);
  while (first.kind === "more" && await client.more()) {
    attempt.touch();
    first = readClientHello(client.buffered);
  }
  if (first.kind === "tls") {
    const { serverName } = first;
    attempt.carries = "https";
    if (serverName === null || serverName === host) return;
    await client.write(TLS_ACCESS_DENIED);
    throw new Refused(
      "mismatch",
      `The tunnel is to ${host}, but its handshake names ${serverName}`,
    );
  }
  // Nothing at all is no harm.
  if (client.buffered.length === 0) return;
  attempt.carries = "tcp";
  if (rule.tcp) return;
  const refused = new Refused(
    "not_tls",
    `What comes through the tunnel to ${host}:${port} is not TLS. For plain HTTP, ` +
      "ask the proxy itself, without CONNECT",
    { rule: rule.text },
  );
  // Those who speak HTTP in it would be left without a word.
  if (isHttp(client.buffered)) {
    const { reason, message } = refused;
    await client.write(
      refusalReply(403, { error: "egress_refused", reason, message }),
    );
  }
  throw refused;
}

function isHttp(bytes: Uint8Array): boolean {
  return /^[A-Z]{3,10} \S+ HTTP\/1/.test(
    new TextDecoder().decode(bytes.subarray(0, 2048)),
  );
}
