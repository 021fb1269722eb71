import { isIP } from "node:net";

/**
 * Whether text is a host's name. What a resolver may take for an IPv4 address in
 * another spelling (`127.1`, `2130706433`, `0x7f.1`) is none.
 */
export function isHostName(text: string): boolean {
  if (text.length === 0 || text.length > 253) return false;
  const labels = text.split(".");
  if (/^(?:\d+|0x[0-9a-f]*)$/i.test(labels.at(-1)!)) return false;
  return labels.every((label) =>
    /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/i.test(label)
  );
}

/** Whether text is an IPv4 or IPv6 address, without a zone. */
export function isAddress(text: string): boolean {
  return isIP(text) !== 0 && !text.includes("%");
}

/** A host and maybe a port. */
export interface HostAndPort {
  /** A name in lower case, an IPv4 address, or an IPv6 address without brackets. */
  readonly host: string;
  /** From 1 to 65535. */
  readonly port: number | undefined;
}

/**
 * Reads `name`, `name:port`, `1.2.3.4:port` or `[::1]:port`.
 *
 * @param text The text.
 * @returns Undefined if it is anything else.
 */
export function parseHostAndPort(text: string): HostAndPort | undefined {
  const parts = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(\d{1,5}))?$/.exec(text);
  if (parts === null) return undefined;
  const [, bracketed, bare, digits] = parts;
  const isHost = bracketed !== undefined
    ? isIP(bracketed) === 6 && isAddress(bracketed)
    : isIP(bare!) === 4 || isHostName(bare!);
  const port = digits === undefined ? undefined : Number(digits);
  if (!isHost || port === 0 || (port ?? 0) > 65_535) return undefined;
  return { host: (bracketed ?? bare!).toLowerCase(), port };
}
