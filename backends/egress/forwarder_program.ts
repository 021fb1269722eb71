import {
  FORWARDER_CONNECTIONS_MAX,
  FORWARDER_PORT,
  FORWARDER_SOCKET,
} from "./forwarder_contract.ts";

/** Where a forwarder listens, and what it connects to. */
export interface ForwarderPlace {
  /** The port of 127.0.0.1. */
  readonly port: number;
  /** The path of the unix socket. */
  readonly socket: string;
}

/** Options of {@linkcode forward}. */
export interface ForwardOptions extends ForwarderPlace {
  /** How many connections there may be at once, if the arguments do not say. */
  readonly connectionsMax: number;
  /**
   * What the program was started with: the line that it prints when it is ready,
   * how many connections there may be at once, and how long it lives, in
   * milliseconds.
   */
  readonly args: readonly string[];
}

/**
 * The forwarder: passes the bytes of each TCP connection to a connection of its own
 * to a unix socket, and back. It does not look at them.
 *
 * It ends with its standard input, or when its time is up, and for nothing else.
 *
 * Its text is the program: see {@linkcode forwarderSource}. So it uses nothing but
 * globals and what is inside it.
 *
 * @param options Place and arguments.
 */
export async function forward(options: ForwardOptions): Promise<never> {
  /** What a direction waits with, which is all that an idle one has. */
  const smallBytes = 4 * 1024;
  /** What it goes on with when there is more. */
  const largeBytes = 256 * 1024;
  /** How much has to come at once for it to go on with that. */
  const largeBytesUsed = 64 * 1024;
  /** Beyond so many, those who are in need of a large one use their small one. */
  const largeMax = 32;
  /** How long it waits before it tries again what the system refused. */
  const retryMs = 20;
  /** How often it tries again to reach a socket whose queue is full. */
  const dialsMax = 50;

  const { port, socket, args } = options;
  const [ready, max = `${options.connectionsMax}`, ttl = "Infinity"] = args;
  const connectionsMax = Number(max);
  const ttlMs = Number(ttl);
  if (
    ready === undefined || args.length > 3 || !(ttlMs > 0) ||
    !Number.isInteger(connectionsMax) || connectionsMax < 1
  ) {
    console.error("usage: forwarder READY_LINE [CONNECTIONS_MAX [TTL_MS]]");
    Deno.exit(2);
  }
  // A timer of more than 31 bits would go off at once.
  if (ttlMs < Infinity) setTimeout(Deno.exit, Math.min(ttlMs, 2 ** 31 - 1), 0);
  endWithInput();

  const listener = Deno.listen({ hostname: "127.0.0.1", port });
  await reachSocket();
  console.log(ready);

  const spare: Uint8Array[] = [];
  let largeMade = 0;
  let open = 0;
  for (;;) {
    let client: Deno.TcpConn;
    try {
      client = await listener.accept();
    } catch {
      // Too many open files, say, or the client has gone. It passes.
      await pause();
      continue;
    }
    if (open >= connectionsMax) close(client);
    else passOn(client);
  }

  async function endWithInput(): Promise<void> {
    const buffer = new Uint8Array(64);
    try {
      while (await Deno.stdin.read(buffer) !== null);
    } finally {
      Deno.exit(0);
    }
  }

  /** Waits until the socket answers; who started this has a limit for it. */
  async function reachSocket(): Promise<void> {
    for (let isTold = false;; isTold = true) {
      try {
        return close(await dial());
      } catch (error) {
        if (!isTold) console.error(`waiting for ${socket}: ${error}`);
        await pause();
      }
    }
  }

  /** Connects to the socket, which says "try again" while its queue is full. */
  async function dial(): Promise<Deno.UnixConn> {
    for (let dials = 1;; dials++) {
      try {
        return await Deno.connect({ transport: "unix", path: socket });
      } catch (error) {
        const isFull = error instanceof Deno.errors.WouldBlock;
        if (!isFull || dials === dialsMax) throw error;
        await pause();
      }
    }
  }

  async function passOn(client: Deno.TcpConn): Promise<void> {
    let upstream: Deno.UnixConn | undefined;
    open++;
    try {
      // What is sent on in two pieces would otherwise wait for a late ACK.
      client.setNoDelay();
      upstream = await dial();
      await Promise.all([pump(client, upstream), pump(upstream, client)]);
    } catch {
      // Whichever side failed, both are closed, which is all there is to say.
    } finally {
      close(client);
      if (upstream !== undefined) close(upstream);
      open--;
    }
  }

  /**
   * Copies until the end, and passes that on. It waits with a small buffer, so that
   * many idle connections cost little. When that was full, it takes what else is
   * there with a large one, for as long as much comes at once.
   */
  async function pump(from: Deno.Conn, to: Deno.Conn): Promise<void> {
    const small = new Uint8Array(smallBytes);
    for (let isMore = false;;) {
      const large: Uint8Array | undefined = isMore ? takeLarge() : undefined;
      const buffer: Uint8Array = large ?? small;
      try {
        const length = await from.read(buffer);
        if (length === null) break;
        for (let sent = 0; sent < length;) {
          sent += await to.write(buffer.subarray(sent, length));
        }
        isMore = length === buffer.length || length >= largeBytesUsed;
      } finally {
        if (large !== undefined) spare.push(large);
      }
    }
    await to.closeWrite();
  }

  function takeLarge(): Uint8Array | undefined {
    const large = spare.pop();
    if (large !== undefined || largeMade === largeMax) return large;
    largeMade++;
    return new Uint8Array(largeBytes);
  }

  function pause(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, retryMs));
  }

  function close(conn: Deno.Conn): void {
    try {
      conn.close();
    } catch {
      // It has been closed.
    }
  }
}

/**
 * The forwarder as the text of a module, for Deno. It is the function's own text,
 * which is plain JavaScript once the types are gone: so it is checked with the
 * rest, and is there wherever the package is, without a file to read or to fetch.
 * A bundler that puts helpers of its own into functions would break it.
 *
 * @param place Where it listens and connects to.
 */
export function forwarderSource(
  place: ForwarderPlace = { port: FORWARDER_PORT, socket: FORWARDER_SOCKET },
): string {
  const { port, socket } = place;
  const fixed = { port, socket, connectionsMax: FORWARDER_CONNECTIONS_MAX };
  return `await (${forward.toString()})({ ...${JSON.stringify(fixed)}, ` +
    "args: Deno.args });\n";
}
