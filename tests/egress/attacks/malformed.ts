import type { EgressReason } from "../../../backends/egress_attempt.ts";
import { type Attack, commandAttack } from "../attack.ts";
import { NAMES } from "../plan.ts";
import { askProxy, get } from "./ask_proxy.ts";

const { allowed } = NAMES;
const host = `Host: ${allowed}\r\n\r\n`;

/** What is no request that a proxy passes on. */
const TEXTS: Readonly<Record<string, string>> = {
  "rubbish": "rubbish\r\n\r\n",
  "a lone word, and the end": "GET",
  "bytes of zero": "\0\0\0\0\r\n\r\n",
  "a request that is not for a proxy": `GET / HTTP/1.1\r\n${host}`,
  "a URL of https": `GET https://${allowed}/ HTTP/1.1\r\n${host}`,
  "a URL of ftp": `GET ftp://${allowed}/ HTTP/1.1\r\n${host}`,
  "a URL without a host": `GET http:///x HTTP/1.1\r\n${host}`,
  "CONNECT without a port": `CONNECT ${allowed} HTTP/1.1\r\n${host}`,
  "CONNECT to a URL": `CONNECT http://${allowed}/ HTTP/1.1\r\n${host}`,
  "HTTP/2": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  "SOCKS 5": "\x05\x01\x00",
  "TLS": "\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00",
  "no Host": `GET http://${allowed}/ HTTP/1.1\r\n\r\n`,
  "a field without a colon": get(allowed, "", "rubbish\r\n"),
  "a field with a zero in it": get(allowed, "", "X: a\0b\r\n"),
  "a lone CR in a field": get(allowed, "", "X: a\rb\r\n"),
  "a space before the first field": get(allowed, "").replace("Host", " Host"),
};

/** Whatever nobody can make sense of is on the record all the same. */
export function malformedAttacks(): Attack[] {
  const record: readonly (readonly EgressReason[])[] = [["malformed"]];
  return Object.entries(TEXTS).map(([what, text]) => {
    const attack = commandAttack({
      name: `malformed, and on the record: ${what}`,
      lesson: 39,
      run: (place) => askProxy(place, text),
      reaches: (arrivals) => arrivals.length > 0,
      record,
    });
    // A proxy without a policy cannot make sense of most of them, either.
    return { ...attack, control: undefined };
  });
}
