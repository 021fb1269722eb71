import { type Attack, type CommandAttack, commandAttack } from "../attack.ts";
import { AT, NAMES, PORTS, WILD_SUFFIX } from "../plan.ts";
import { askProxy, connect, get, isAtAllowed, requested } from "./ask_proxy.ts";

const { allowed, other, far } = NAMES;

type Asking = Pick<CommandAttack, "name" | "lesson" | "record"> & {
  readonly text: (token: string) => string;
  /** Where a tunnel leads, if it is one. */
  readonly tunnel?: string;
};

/** An attack that asks the proxy for something which it must not fetch. */
function asking({ text, tunnel, record, ...rest }: Asking): Attack {
  return commandAttack({
    ...rest,
    record: record ?? [["not_allowed"]],
    run: (place, token) => askProxy(place, text(token)),
    reaches: (arrivals, token) =>
      tunnel === undefined
        ? requested(arrivals, token)
        : arrivals.some(({ kind, where }) =>
          kind === "open" && where === tunnel
        ),
  });
}

/** Both ways to ask for a host and port. */
function bothWays(
  what: string,
  host: string,
  address: string,
  port: number,
): Attack[] {
  const authority = `${host}:${port}`;
  const tunnel = `${address}:${port}`;
  return [
    asking({
      name: `CONNECT to ${what}`,
      text: () => connect(authority),
      tunnel,
    }),
    asking({
      name: `GET from ${what}`,
      text: (token) => get(authority, token),
    }),
  ];
}

/** What no rule allows, though some come near. */
function notAllowed(): Attack[] {
  return [
    ...bothWays(
      "an allowed host on another port",
      allowed,
      AT.allowed,
      PORTS.unlisted,
    ),
    asking({
      name: "CONNECT to the port of plain HTTP",
      text: () => connect(`${allowed}:80`),
      tunnel: `${AT.allowed}:80`,
    }),
    ...bothWays("another host", other, AT.other, 80),
    ...bothWays("another host by its address", AT.other, AT.other, 80),
    ...bothWays("the metadata service", AT.metadata, AT.metadata, 80),
    ...bothWays("the allowed host by its address", AT.allowed, AT.allowed, 80),
    ...bothWays(
      "a name that ends like it",
      "notallowed.example.com",
      AT.other,
      80,
    ),
    ...bothWays(
      "a name that begins like it",
      `${allowed}.evil.example.net`,
      AT.other,
      80,
    ),
    ...bothWays(
      "what a suffix is below of",
      WILD_SUFFIX.slice(1),
      AT.other,
      80,
    ),
    ...bothWays(
      "what only ends like a suffix",
      `not${WILD_SUFFIX.slice(1)}`,
      AT.other,
      80,
    ),
    asking({
      name: "GET from what is denied below an allowed suffix",
      text: (token) => get(`secret${WILD_SUFFIX}`, token),
      record: [["denied"]],
    }),
    asking({
      name: "GET from below what is denied, in capitals and with a dot",
      text: (token) => get(`SECRET${WILD_SUFFIX.toUpperCase()}.`, token),
      record: [["denied"]],
    }),
    asking({
      name: "POST where GET is allowed",
      text: (token) => get(far, token).replace("GET", "POST"),
      record: [["method"]],
    }),
    asking({
      name: "CONNECT where GET is allowed",
      text: () => connect(`${far}:443`),
      tunnel: `${AT.far}:443`,
      record: [["not_allowed", "method"]],
    }),
  ];
}

/** One host where it is looked for, and another one where it is used. */
function confused(): Attack[] {
  const line = (target: string) =>
    `GET ${target} HTTP/1.1\r\nHost: ${allowed}\r\n\r\n`;
  const ways: Readonly<Record<string, (token: string) => string>> = {
    "the allowed host as a user's name": (token) =>
      line(`http://${allowed}@${other}/${token}`),
    "the allowed host as a name and password": (token) =>
      line(`http://${allowed}:80@${other}/${token}`),
    "a backslash between two hosts": (token) =>
      line(`http://${other}\\@${allowed}/${token}`),
    "a fragment between two hosts": (token) =>
      line(`http://${other}/${token}#@${allowed}/`),
    "a query between two hosts": (token) =>
      line(`http://${other}?${token}@${allowed}/`),
  };
  return Object.entries(ways).map(([name, text]) =>
    asking({
      name,
      text,
      record: [["malformed", "mismatch", "not_allowed"]],
    })
  );
}

/** The allowed host in the target, and another one in the field. */
function otherHost(): Attack[] {
  const ways: Readonly<Record<string, string>> = {
    "absolute URL with another Host": `Host: ${other}`,
    "absolute URL with two Hosts": `Host: ${allowed}\r\nHost: ${other}`,
    "absolute URL with two Hosts, the other one first":
      `Host: ${other}\r\nHost: ${allowed}`,
    "absolute URL with another Host, and a space before its colon":
      `Host : ${other}`,
    "absolute URL with a Host that is folded": `Host:\r\n ${other}`,
    "absolute URL with two hosts in one Host": `Host: ${allowed}, ${other}`,
  };
  return Object.entries(ways).map(([name, fields]) =>
    commandAttack({
      name,
      lesson: 40,
      run: (place, token) =>
        askProxy(
          place,
          `GET http://${allowed}/${token} HTTP/1.1\r\n${fields}\r\n\r\n`,
        ),
      reaches: (arrivals, token) =>
        arrivals.some((arrival) =>
          isAtAllowed(arrival, 80) && arrival.text.includes(token) &&
          arrival.text.includes(other)
        ),
      record: [["mismatch", "malformed"]],
    })
  );
}

/** Asking the proxy for a host that is not granted. */
export function authorityAttacks(): Attack[] {
  return [...notAllowed(), ...confused(), ...otherHost()];
}
