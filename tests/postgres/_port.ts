const FIRST = 20_000;
const COUNT = 10_000;

/**
 * Finds a port of 127.0.0.1 at which nobody listens.
 *
 * It is below those that the system gives to connections (from 32768 on, on Linux):
 * one of these may be gone when a server that was killed comes back to it. Worse, who
 * tries over and over to reach a server that is down gets, some time, that very port
 * for his own end, and is then connected to himself.
 */
export function freePort(): number {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}
