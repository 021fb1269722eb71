import { Agent } from "node:http";
import { BackendError } from "../backend_error.ts";
import type { DockerClient } from "../docker_client.ts";
import type { EngineAddress } from "./engine_address.ts";
import { TlsAgent } from "./tls_agent.ts";

/** What dockerode's constructor is given. */
interface DockerodeOptions {
  /** Without, it would go where DOCKER_HOST says, whatever else is said. */
  readonly host: string | undefined;
  readonly agent: Agent;
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
    ? { host: undefined, agent: newAgent(Agent), socketPath: address.path }
    : await tcpOptions(address);
  try {
    // Imported when it is needed: it reads the environment as it loads.
    const { default: Docker } = await import("dockerode") as unknown as {
      default: new (options: DockerodeOptions) => DockerClient;
    };
    return withoutDockerHost(() => new Docker(options));
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

/**
 * Makes something that cannot see DOCKER_HOST. Whatever the client is told besides,
 * it takes from there TLS, ssh, certificates and a time limit that ends whatever is
 * quiet for longer, and fails if it cannot read them.
 */
function withoutDockerHost<T>(make: () => T): T {
  const host = Deno.env.get("DOCKER_HOST");
  if (host === undefined) return make();
  // Nothing else of this thread runs before it is back.
  Deno.env.delete("DOCKER_HOST");
  try {
    return make();
  } finally {
    Deno.env.set("DOCKER_HOST", host);
  }
}

/**
 * A connection for each request. On one that was used before, and that the engine
 * closes without an answer, `node:http` of Deno 2.9 sends the request again by
 * itself: also one that creates a container.
 */
function newAgent(kind: typeof Agent): Agent {
  const agent = new kind({ keepAlive: false });
  // For a log that nobody reads, the client makes a text of all its options, with
  // everything that they lead to, at each request.
  return Object.assign(agent, {
    [Symbol.for("nodejs.util.inspect.custom")]: () => "Agent",
  });
}

async function tcpOptions(
  { host, port, tls }: Extract<EngineAddress, { kind: "tcp" }>,
): Promise<DockerodeOptions> {
  // An address of IPv6 stands in brackets in a URL, which this becomes part of.
  const name = host.includes(":") ? `[${host}]` : host;
  if (tls === undefined) {
    return { host: name, port, protocol: "http", agent: newAgent(Agent) };
  }
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
  const agent = newAgent(TlsAgent);
  return { host: name, port, protocol: "https", agent, ca, cert, key };
}
