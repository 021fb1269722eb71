// Sandboxes that come and go, each of which runs things and reaches one host.
import type { LocalDockerBackend } from "../../backends/local_docker_backend.ts";
import type { Meter } from "./meter.ts";

/** What a sandbox is asked to fetch, at a name that leads to this process. */
const HOST = "soak.example.com";
const BODY_BYTES = 256 * 1024;

/** A server on loopback for sandboxes to reach. */
export function serve(): Deno.HttpServer<Deno.NetAddr> {
  const body = new Uint8Array(BODY_BYTES);
  const listen = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
  return Deno.serve(listen, () => new Response(body));
}

/** Launches, uses and destroys sandboxes, one after the other. */
export async function runSandboxes(
  backend: LocalDockerBackend,
  image: string,
  port: number,
  meter: Meter,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await using sandbox = await backend.launch({
      image,
      network: { egress: { allow: [`${HOST}:${port}`] } },
    });
    const fetched = await backend.run(sandbox, [
      "sh",
      "-c",
      `wget -q -O - http://${HOST}:${port}/ | wc -c`,
    ]);
    expect(fetched.stdout, String(BODY_BYTES));
    {
      await using shell = await backend.shell(sandbox);
      for (let n = 0; n < 50; n++) {
        const { stdout } = await shell.run(["echo", String(n)]);
        expect(stdout, String(n));
      }
    }
    const late = await backend.run(sandbox, ["sleep", "60"], {
      timeoutMs: 200,
    });
    if (late.outcome !== "timeout" || late.survivors > 0) {
      throw new Error(`A run came out as ${late.outcome}, ${late.cleanup}`);
    }
    meter.sandboxes++;
    // An engine that is slow to start a program costs the sandbox, as it should.
    if (late.cleanup === "sandbox_killed") continue;
    await backend.files(sandbox).write("/tmp/a", new Uint8Array(100_000));
  }
}

function expect(stdout: Uint8Array, wanted: string): void {
  const found = new TextDecoder().decode(stdout).trim();
  if (found !== wanted) throw new Error(`A run said ${found}, not ${wanted}`);
}
