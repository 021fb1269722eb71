import { type Authority, bracketed, parseAuthority } from "./authority.ts";
import { valuesOf } from "./head_lines.ts";
import { quoted } from "./malformed_message.ts";
import { RefusedTarget } from "./refused_target.ts";
import type { RequestHead } from "./request_head.ts";

export { type Authority, RefusedTarget };

/** What a plain HTTP request asks for. */
export interface PlainTarget extends Authority {
  /** What the host is asked for: a path, maybe with a query, or `*`. */
  readonly path: string;
  /** The host as its Host field names it: with the port, unless it is 80. */
  readonly authority: string;
}

const PLAIN_PORT = 80;
const PLAIN = /^http:\/\/([^/?]*)(.*)$/i;
/** Printable ASCII without what URLs do not have in a request. */
const TARGET = /^[!-~]+$/;
const NO_TARGET = /[\\#]/;

/**
 * What a CONNECT request asks for: a host with a port, in so many words.
 *
 * @param head The request's head.
 * @throws {RefusedTarget} If it asks for anything else, or if it has a Host field
 * for another host, or for another port.
 */
export function connectTarget(head: RequestHead): Authority {
  const target = parseAuthority(head.target);
  // Clients do leave the port out in the field.
  checkHostHeader(head, target, target.port);
  return target;
}

/**
 * What a plain request asks for: `http://host/path`, maybe with port and query.
 *
 * @param head The request's head.
 * @throws {RefusedTarget} If it asks for anything else, or if its Host field,
 * which HTTP/1.1 wants, names another host or port.
 */
export function plainTarget(head: RequestHead): PlainTarget {
  const { target } = head;
  const parts = PLAIN.exec(target);
  if (parts === null || !TARGET.test(target) || NO_TARGET.test(target)) {
    throw new RefusedTarget(
      `The target is ${quoted(target)}, but a request to a proxy is for ` +
        "http://host/path, or CONNECT host:port for anything but HTTP",
      "malformed",
    );
  }
  const [, authority, rest] = parts;
  const { host, port } = parseAuthority(authority!, PLAIN_PORT);
  const own = { host, port };
  if (head.version === "1.1" && valuesOf(head.headers, "host").length === 0) {
    throw new RefusedTarget(
      "The request has no Host field, though HTTP/1.1 wants one",
      "malformed",
      host,
      port,
    );
  }
  checkHostHeader(head, own, PLAIN_PORT);
  return {
    ...own,
    path: pathOf(head.method, rest!),
    authority: bracketed(host) + (port === PLAIN_PORT ? "" : `:${port}`),
  };
}

/** What the host is asked for (RFC 9112, 3.2.1 and 3.2.4). */
function pathOf(method: string, rest: string): string {
  if (rest === "") return method === "OPTIONS" ? "*" : "/";
  return rest.startsWith("?") ? `/${rest}` : rest;
}

/**
 * What a request's Host field names.
 *
 * @param head The request's head.
 * @param defaultPort The port, if the field has none.
 * @returns Undefined if there is no such field.
 * @throws {RefusedTarget} If there are several, or if it is no host.
 */
export function hostHeader(
  head: RequestHead,
  defaultPort: number,
): Authority | undefined {
  const values = valuesOf(head.headers, "host");
  const [value] = values;
  if (values.length > 1) {
    throw new RefusedTarget(
      `The request has ${values.length} Host fields`,
      "malformed",
    );
  }
  return value === undefined ? undefined : parseAuthority(value, defaultPort);
}

/** Refuses a Host field that does not name the target. */
function checkHostHeader(
  head: RequestHead,
  target: Authority,
  defaultPort: number,
): void {
  const { host, port } = target;
  let named: Authority | undefined;
  try {
    named = hostHeader(head, defaultPort);
  } catch (error) {
    if (!(error instanceof RefusedTarget)) throw error;
    // The target is what was asked for, and the field is not written like it.
    const reason = error.reason === "internal" ? "mismatch" : error.reason;
    throw new RefusedTarget(`Host: ${error.message}`, reason, host, port);
  }
  if (named === undefined) return;
  if (named.host === host && named.port === port) return;
  throw new RefusedTarget(
    `The Host field names ${
      quoted(bracketed(named.host))
    } port ${named.port}, ` +
      `but the target ${quoted(bracketed(host))} port ${port}`,
    "mismatch",
    host,
    port,
  );
}
