import type { PostgresAddress } from "../postgres_sink_options.ts";

/** Where a server is; what is left out, npm:postgres finds in the environment. */
export interface Server {
  /** A host's name or number, or the folder of a unix socket. */
  readonly host?: string;
  readonly port?: number;
}

const URL_PARTS = /^([a-z]+:\/\/)([^/?#]*@)?([^/?#]*)(.*)$/s;
const HOST_AND_PORT = /^(?:\[(.+)\]|([^:]*))(?::(\d+))?$/;
/** Only a primary will do, whichever is asked for. */
const ATTRIBUTES = /([?&])target_session_attrs=[^&#]*&?/;

/**
 * The servers that an address names, of which one is the primary.
 *
 * npm:postgres takes several, too, and does not do: an error of connecting is kept from
 * whoever waits, for as long as all of them are down, and a standby of PostgreSQL 14 or
 * later passes for one that can be written to.
 */
export class Servers {
  /** User, database and the rest, for a single server. */
  readonly address: PostgresAddress;
  readonly #servers: readonly Server[];
  #found = 0;

  constructor(address: PostgresAddress) {
    const { servers, rest } = typeof address === "string"
      ? ofUrl(address)
      : ofParts(address);
    this.address = rest;
    this.#servers = servers;
  }

  /** Each of them once, that one first which was the primary last time. */
  inTurn(): readonly Server[] {
    const { length } = this.#servers;
    return this.#servers.map((_, n) =>
      this.#servers[(this.#found + n) % length]!
    );
  }

  /** Notes which one is the primary. */
  found(server: Server): void {
    this.#found = this.#servers.indexOf(server);
  }
}

interface Named {
  readonly servers: readonly Server[];
  readonly rest: PostgresAddress;
}

function ofUrl(url: string): Named {
  const [, scheme = "", user = "", hosts = "", rest = ""] =
    URL_PARTS.exec(url) ?? [];
  const [first = "", ...others] = hosts.split(",");
  return {
    servers: [first, ...others].map((host) => serverOf(decoded(host))),
    rest: scheme + user + first + rest.replace(ATTRIBUTES, "$1"),
  };
}

function ofParts(
  { host = "", port, target_session_attrs: _, ...rest }: Exclude<
    PostgresAddress,
    string
  >,
): Named {
  const hosts = typeof host === "string" ? host.split(",") : host;
  const ports = typeof port === "number" ? [port] : port ?? [];
  const length = Math.max(hosts.length, ports.length);
  return {
    servers: Array.from({ length }, (_, n) => {
      const byItself = ports[n] ?? ports[0];
      return {
        ...(byItself === undefined ? {} : { port: byItself }),
        ...serverOf(hosts[n] ?? hosts[0] ?? ""),
      };
    }),
    rest,
  };
}

/** What cannot be read is what npm:postgres, which reads the URL as well, refuses. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function serverOf(text: string): Server {
  const found = HOST_AND_PORT.exec(text);
  // A number of IPv6 needs no brackets where no port can be behind it.
  const host = found === null ? text : found[1] ?? found[2]!;
  const port = found?.[3];
  return {
    ...(host === "" ? {} : { host }),
    ...(port === undefined ? {} : { port: Number(port) }),
  };
}
