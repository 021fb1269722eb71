/** Hosts that a sandbox may reach, and how. */
export interface EgressRule {
  /**
   * A host's name, exactly; `*.example.org` for every name below `example.org`,
   * but not itself; or an IP address. There is no `*`, nor `*.org`.
   */
  readonly host: string;
  /**
   * The port, which is then for CONNECT and for plain HTTP alike.
   * @default {443 for CONNECT, 80 for plain HTTP}
   */
  readonly port?: number;
  /**
   * The methods of plain HTTP requests. `CONNECT` among them allows tunnels, in
   * which nobody sees what is asked for.
   * @default {all of them}
   */
  readonly methods?: readonly string[];
  /**
   * Whether a tunnel may carry something else than TLS.
   * @default {false}
   */
  readonly tcp?: boolean;
}

/**
 * What a sandbox may reach through its proxy: nothing but what a rule allows, and
 * none of that if its addresses are not public.
 */
export interface EgressPolicy {
  /** What is allowed: rules, or their hosts with an optional `:port`. */
  readonly allow: readonly (string | EgressRule)[];
  /**
   * What is refused, whatever allows it: hosts with an optional `:port`. One
   * without a port is for all ports, and `*.org` may be one.
   * @default {[]}
   */
  readonly deny?: readonly string[];
  /**
   * How many connections the sandbox may have at once, up to 4096.
   * @default {256}
   */
  readonly connectionsMax?: number;
  /**
   * How long a request's or a response's head may be, in bytes, from 1024 to
   * 1 MiB.
   * @default {32_768}
   */
  readonly headerBytesMax?: number;
  /**
   * How long nothing may be sent either way on a connection, in milliseconds, up
   * to a day. However long it goes on, one that is in use is not cut.
   * @default {300_000}
   */
  readonly idleTimeoutMs?: number;
  /**
   * How many bytes the sandbox may exchange in all, both ways, through its proxy.
   * @default {no limit}
   */
  readonly bytesMax?: number;
}
