/** Why an attempt came out as it did. */
export type EgressReason =
  /** Allowed, and it ended like any connection: either side closed it. */
  | "closed"
  /** Allowed; it was cut when nothing was sent for `idleTimeoutMs`. */
  | "idle"
  /** Allowed; it was cut when its rule was taken away. */
  | "revoked"
  /** Allowed; it was cut when the sandbox had used up its `bytesMax`. */
  | "bytes_max"
  /** Allowed; it was cut because the sandbox, or its network, was ended. */
  | "ended"
  /** Allowed, but the name has no address. */
  | "unresolved"
  /** Allowed, but nothing answers there, or no HTTP. */
  | "unreachable"
  /** No rule allows the host and port. */
  | "not_allowed"
  /** A rule denies it. */
  | "denied"
  /** A rule allows the host, but not the method. */
  | "method"
  /** An address of the host is not public. */
  | "internal"
  /** The Host header, or the name in the TLS handshake, is another host. */
  | "mismatch"
  /** What came through a tunnel is not TLS, and no rule allows that. */
  | "not_tls"
  /** It is no request that a proxy could pass on. */
  | "malformed"
  /** Its head is longer than `headerBytesMax`, or took too long. */
  | "head_max"
  /** There are `connectionsMax` connections. */
  | "connections_max";

/**
 * An attempt of a sandbox to reach something, as its proxy saw it: what the
 * payload of an event `data.egress.attempted` is, spelt as in events.
 */
export interface EgressAttempt {
  /** The sandbox's id. */
  readonly sandbox: string;
  /** When it began: UTC, as in ISO 8601. */
  readonly ts: string;
  /** The host that was asked for; null if that cannot be told. */
  readonly host: string | null;
  /** Its port. */
  readonly port: number | null;
  /** The address that was dialled; null if none was. */
  readonly ip: string | null;
  /** `https` for a tunnel with TLS, `tcp` for any other, `http` without one. */
  readonly scheme: "http" | "https" | "tcp" | null;
  /** The method of the request, if there was one. */
  readonly method?: string;
  /** How many bytes were sent to the host. */
  readonly bytes_out: number;
  /** How many bytes came from it. */
  readonly bytes_in: number;
  /** Whether the policy allowed it. */
  readonly allowed: boolean;
  /** Why it came out as it did. */
  readonly reason: EgressReason;
  /** How long it took, in milliseconds. */
  readonly duration_ms: number;
}
