/** How much of a host is reported: a name has no more characters. */
const HOST_LENGTH_MAX = 253;

/** A request for what the proxy will not look up, whatever the policy allows. */
export class RefusedTarget extends Error {
  /** The class's name. */
  override readonly name = "RefusedTarget";
  /**
   * `malformed`: no host can be told; `internal`: an address that is not written
   * as one; `mismatch`: the Host field names another host.
   */
  readonly reason: "malformed" | "internal" | "mismatch";
  /** The host that was asked for, cut to 253 characters; null if it cannot be told. */
  readonly host: string | null;
  /** Its port. */
  readonly port: number | null;

  /**
   * Makes the error.
   *
   * @param message What was found.
   * @param reason Why it is refused.
   * @param host The host, if it can be told.
   * @param port Its port.
   */
  constructor(
    message: string,
    reason: "malformed" | "internal" | "mismatch",
    host: string | null = null,
    port: number | null = null,
  ) {
    super(message);
    this.reason = reason;
    this.host = host?.slice(0, HOST_LENGTH_MAX) ?? null;
    this.port = port;
  }
}
