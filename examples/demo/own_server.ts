/** What the demo's server is called: a name that the demo alone can look up. */
const HOST = "api.example.com";
const ADDRESS = "127.0.0.1";

/** A small web server of the demo's own, which the sandbox may reach. */
export interface OwnServer extends AsyncDisposable {
  /** Its host and port, as a policy allows them. */
  readonly authority: string;
  /** The paths that it was asked for. */
  readonly asked: readonly string[];
}

/** Serves on loopback, so that nothing leaves the machine. */
export function serveOwn(): OwnServer {
  const asked: string[] = [];
  const server = Deno.serve(
    { hostname: ADDRESS, port: 0, onListen: () => {} },
    ({ url }) => {
      asked.push(new URL(url).pathname);
      return Response.json({ flat_white: 2.8 });
    },
  );
  return {
    authority: `${HOST}:${server.addr.port}`,
    asked,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** Finds the server's address, and that of nothing else: it asks nobody. */
export function resolveOwn(host: string): Promise<readonly string[]> {
  return Promise.resolve(host === HOST ? [ADDRESS] : []);
}
