import ipaddr from "ipaddr.js";
import { isAddress, isHostName } from "../spec/host_name.ts";
import { quoted } from "./malformed_message.ts";
import { RefusedTarget } from "./refused_target.ts";

/** A host and its port. */
export interface Authority {
  /**
   * A name in lower case without a dot at its end, an IPv4 address, or an IPv6
   * address without brackets, each in its one canonical spelling.
   */
  readonly host: string;
  /** From 1 to 65535. */
  readonly port: number;
}

const HOST_AND_PORT = /^(\[[^\]]*\]|[^:[\]]*)(?::([1-9][0-9]{0,4}))?$/;
const PORT_MAX = 65_535;
/** One to four numbers, each decimal, octal or hexadecimal. */
const NUMBERS = /^(?:[0-9]+|0x[0-9a-f]*)(?:\.(?:[0-9]+|0x[0-9a-f]*)){0,3}$/i;
const DOTTED_TAIL = /:([0-9]+)\.([0-9]+)\.([0-9]+)\.([0-9]+)$/;

/**
 * Reads `name:port`, `1.2.3.4:port` or `[::1]:port`. A host that is no name, but
 * that resolvers take for an address, is refused whatever it stands for: whoever
 * spells one like that hides it.
 *
 * @param text The text.
 * @param defaultPort The port where there is none; without it there must be one.
 * @throws {RefusedTarget} `malformed` or `internal`
 */
export function parseAuthority(text: string, defaultPort?: number): Authority {
  const parts = HOST_AND_PORT.exec(text);
  const port = parts?.[2] === undefined ? defaultPort : Number(parts[2]);
  if (parts === null || port === undefined || port > PORT_MAX) {
    throw new RefusedTarget(
      `${quoted(text)} is no host with a port from 1 to ${PORT_MAX}`,
      "malformed",
    );
  }
  return { host: canonicalHost(parts[1]!, port), port };
}

function canonicalHost(text: string, port: number): string {
  if (text.startsWith("[")) return canonicalIPv6(text.slice(1, -1));
  if (isAddress(text)) return text;
  const name = text.replace(/\.$/, "");
  if (NUMBERS.test(name)) {
    throw new RefusedTarget(
      `${
        quoted(text)
      } may be read as an IPv4 address, but is not written as one`,
      "internal",
      text,
      port,
    );
  }
  // What is not ASCII is in no name, and must not become it by its lower case.
  if (isHostName(name)) return name.toLowerCase();
  throw new RefusedTarget(`${quoted(text)} is no host's name`, "malformed");
}

function canonicalIPv6(text: string): string {
  if (!text.includes(":") || !isAddress(text)) {
    throw new RefusedTarget(`${quoted(text)} is no IPv6 address`, "malformed");
  }
  // Without this, ipaddr.js 2.5.0 reads ::1.2.3.4 as ::ffff:1.2.3.4.
  const groups = text.replace(DOTTED_TAIL, (_, ...parts: string[]) => {
    const [a, b, c, d] = parts.map(Number);
    return `:${(a! * 256 + b!).toString(16)}:${(c! * 256 + d!).toString(16)}`;
  });
  return ipaddr.IPv6.parse(groups).toString();
}

/** A host as it stands before a port: an IPv6 address is in brackets. */
export function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}
