import { type Attack, commandAttack } from "../attack.ts";
import { client, sh } from "../place.ts";
import { AT, NAMES, PORTS } from "../plan.ts";
import type { Arrival } from "../witness.ts";

/** A server of the world, and where it is. */
interface Target {
  readonly what: string;
  readonly address: string;
  readonly name: string;
  readonly tcp: number;
  readonly udp: number;
}

const WEB = { tcp: 80, udp: PORTS.echo };

const TARGETS: readonly Target[] = [
  { what: "the allowed server", key: "allowed", ...WEB } as const,
  { what: "another server", key: "other", ...WEB } as const,
  { what: "a server far away", key: "far", ...WEB } as const,
  { what: "the metadata service", key: "metadata", ...WEB } as const,
  {
    what: "the resolver",
    key: "resolver",
    tcp: PORTS.dns,
    udp: PORTS.dns,
  } as const,
  {
    what: "a listener of the host",
    key: "host",
    tcp: PORTS.host,
    udp: PORTS.host,
  } as const,
].map(({ key, ...rest }) => ({ ...rest, address: AT[key], name: NAMES[key] }));

const IPV6 = [
  { what: "the allowed server", address: AT.allowed6, port: 80 },
  { what: "another server", address: AT.other6, port: 80 },
  { what: "a listener of the host", address: AT.host6, port: PORTS.host },
];

/** Whether something came in at an address, or at all of those of the host. */
export function isAt(
  { where }: Arrival,
  address: string,
  port: number,
): boolean {
  const host = address.includes(":") ? `[${address}]` : address;
  const all = address === AT.host || address === AT.host6
    ? [`[::]:${port}`, `0.0.0.0:${port}`]
    : [];
  return [`${host}:${port}`, ...all].includes(where);
}

function tcp(how: string, host: string, address: string, port: number): Attack {
  return commandAttack({
    name: `TCP straight to ${how}`,
    run: (place, token) =>
      sh(place, `echo ${token} | timeout 5 nc -w 3 ${host} ${port}`),
    reaches: (arrivals) =>
      arrivals.some((arrival) =>
        arrival.kind === "open" && isAt(arrival, address, port)
      ),
  });
}

function udp(how: string, hosts: readonly string[], port: number): Attack {
  return commandAttack({
    name: `UDP straight to ${how}`,
    run: (place, token) => client(place, "udp", [port, token, ...hosts]),
    reaches: (arrivals) => {
      const came = arrivals.filter(({ kind }) => kind === "datagram");
      return came.length === hosts.length;
    },
  });
}

/** What does not ask the proxy at all. */
export function directAttacks(hasIPv6: boolean): Attack[] {
  const attacks = TARGETS.flatMap((target) => {
    const { what, address, name } = target;
    return [
      tcp(`${what}, by address`, address, address, target.tcp),
      tcp(`${what}, by name`, name, address, target.tcp),
      udp(`${what}, by address and by name`, [address, name], target.udp),
    ];
  });
  if (!hasIPv6) return [...attacks, ...unsetting()];
  return [
    ...attacks,
    ...IPV6.map(({ what, address, port }) =>
      tcp(`${what}, by IPv6`, address, address, port)
    ),
    udp("another server, by IPv6", [AT.other6], PORTS.echo),
    ...unsetting(),
  ];
}

/** What programs do that were told of no proxy. */
function unsetting(): Attack[] {
  const unset =
    "unset HTTP_PROXY HTTPS_PROXY ALL_PROXY http_proxy https_proxy " +
    "all_proxy NO_PROXY no_proxy NODE_USE_ENV_PROXY";
  const reaches = (arrivals: readonly Arrival[], token: string) =>
    arrivals.some(({ kind, text }) =>
      kind === "request" && text.includes(token)
    );
  return [NAMES.allowed, AT.allowed, AT.other].map((host) =>
    commandAttack({
      name: `unsetting the proxy variables, for ${host}`,
      run: (place, token) =>
        sh(place, `${unset}; timeout 3 wget -q -O - http://${host}/${token}`),
      reaches,
    })
  ).concat(
    commandAttack({
      name: "NO_PROXY for all, in Deno's fetch",
      run: (place, token) =>
        client(place, "fetch_past_proxy", [`http://${NAMES.allowed}/${token}`]),
      reaches,
    }),
  );
}
