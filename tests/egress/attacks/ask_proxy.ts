import { type Place, type Ran, sh } from "../place.ts";
import { AT, PORTS } from "../plan.ts";
import type { Arrival } from "../witness.ts";

/** Sends text to the proxy, in one piece, each character a byte, and then no more. */
export function askProxy(place: Place, ...texts: string[]): Promise<Ran> {
  return sh(
    place,
    texts.map((text) =>
      `printf '${octal(text)}' | timeout 5 nc 127.0.0.1 ${PORTS.proxy}`
    ).join("; "),
  );
}

/** Text as `printf` wants it, whatever is in it. */
export function octal(text: string): string {
  return text.replace(
    /[^A-Za-z0-9/:. -]/g,
    (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, "0")}`,
  );
}

/** A plain request, as a proxy is asked. */
export function get(host: string, path: string, more = ""): string {
  return `GET http://${host}/${path} HTTP/1.1\r\nHost: ${host}\r\n${more}\r\n`;
}

/** A request for a tunnel. */
export function connect(authority: string): string {
  return `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`;
}

/** Whether a request with something in its first line or host came in. */
export function requested(arrivals: readonly Arrival[], part: string): boolean {
  return arrivals.some(({ kind, text }) =>
    kind === "request" && text.includes(part)
  );
}

/** Whether something came in at the server that is allowed, on a port. */
export function isAtAllowed({ where }: Arrival, port: number): boolean {
  return where === `${AT.allowed}:${port}`;
}

/** Whether it is a question for a name. */
export function isLookUp({ kind, text }: Arrival, name: string): boolean {
  return kind === "query" && text === name;
}
