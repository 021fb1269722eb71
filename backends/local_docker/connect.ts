import { BackendError } from "../backend_error.ts";
import type { DockerClient } from "./engine.ts";
import type { EngineAddress } from "./engine_address.ts";

/** What dockerode's constructor is given. */
interface DockerodeOptions {
  /** Without, it would go where DOCKER_HOST says, whatever else is said. */
  readonly host: string | undefined;
  readonly socketPath?: string;
  readonly port?: number;
  readonly protocol?: "http" | "https";
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Makes the client for an engine's address; contacts nothing. */
export async function connect(address: EngineAddress): Promise<DockerClient> {
  const options = address.kind === "unix"
    ? { host: undefined, socketPath: address.path }
    : await tcpOptions(address);
  try {
    // Imported when it is needed: it reads the environment as it loads.
    const { default: Docker } = await import("dockerode") as unknown as {
      default: new (options: DockerodeOptions) => DockerClient;
    };
    return new Docker(options);
  } catch (cause) {
    const found = cause instanceof Error ? cause.message : String(cause);
    const advice = cause instanceof Deno.errors.NotCapable
      ? "Grant --allow-env, without names: the client reads all of it"
      : "Check DOCKER_HOST";
    throw new BackendError(
      "engine_unavailable",
      `Cannot load the engine's client: ${found}. ${advice}`,
      { cause },
    );
  }
}

async function tcpOptions(
  { host, port, tls }: Extract<EngineAddress, { kind: "tcp" }>,
): Promise<DockerodeOptions> {
  // An address of IPv6 stands in brackets in a URL, which this becomes part of.
  const name = host.includes(":") ? `[${host}]` : host;
  if (tls === undefined) return { host: name, port, protocol: "http" };
  const read = async (file: string) => {
    const path = `${tls.certPath}/${file}`;
    try {
      return await Deno.readTextFile(path);
    } catch (cause) {
      throw new BackendError(
        "engine_unavailable",
        `Cannot read ${path}, which the engine's TLS needs: ${cause}. Check ` +
          "DOCKER_CERT_PATH, and grant --allow-read for it",
        { cause },
      );
    }
  };
  const [ca, cert, key] = await Promise.all([
    read("ca.pem"),
    read("cert.pem"),
    read("key.pem"),
  ]);
  return { host: name, port, protocol: "https", ca, cert, key };
}
