import { BlockList, isIP } from "node:net";
import { parseHostAndPort } from "../spec/host_name.ts";
import { shown } from "../spec/shown.ts";
import { BackendError } from "../backend_error.ts";

/** A socket in the file system. */
export interface UnixEngineAddress {
  /** Tells it from the other kind. */
  readonly kind: "unix";
  /** Its absolute path. */
  readonly path: string;
  /** What said so, as messages name it. */
  readonly foundBy: string;
}

/** A host and port. */
export interface TcpEngineAddress {
  /** Tells it from the other kind. */
  readonly kind: "tcp";
  /** A name or address; IPv6 without brackets. */
  readonly host: string;
  /** The port. */
  readonly port: number;
  /**
   * Where `ca.pem`, `cert.pem` and `key.pem` are; undefined where the connection
   * is not encrypted.
   */
  readonly tls: { readonly certPath: string } | undefined;
  /** What said so, as messages name it. */
  readonly foundBy: string;
}

/** Where an engine is. */
export type EngineAddress = UnixEngineAddress | TcpEngineAddress;

/** Options of {@linkcode findEngine}. */
export interface FindEngineOptions {
  /** Where the engine's socket is, whatever the environment says. */
  readonly socketPath?: string | undefined;
  /**
   * Whether to talk to an engine on another host without encryption. Whoever can
   * change what passes by is then root on that host.
   * @default {false}
   */
  readonly allowPlainTcp?: boolean | undefined;
  /** Reads a variable of the environment. */
  readonly env: (name: string) => string | undefined;
  /** Whether there is something at a path; undefined if that may not be seen. */
  readonly exists: (
    path: string,
  ) => boolean | undefined | Promise<boolean | undefined>;
  /** The system, as Deno names it. */
  readonly os: typeof Deno.build.os;
}

const PLAIN_PORT = 2375;
const TLS_PORT = 2376;
/** What the kernel takes for a socket's path, with NUL at its end. */
const SOCKET_PATH_MAX = 107;

const HOW_TO_SAY = "Say where it is with the option socketPath, or with " +
  "DOCKER_HOST, as unix:///path/to/docker.sock or tcp://host:2376";

/**
 * Finds the engine: where the option says, else where `DOCKER_HOST` says, else at
 * the first of its usual places where there is something: Docker's socket, a
 * rootless Docker's, Docker Desktop's, a rootless Podman's, Podman's. Connects to
 * nothing.
 *
 * `DOCKER_TLS_VERIFY`, unless it is empty, means TLS, as `https://` does, with the
 * certificates in `DOCKER_CERT_PATH`, or else `~/.docker`. Certificates are always
 * verified.
 *
 * @param options The option, the environment and the file system.
 * @returns Where it is.
 * @throws {TypeError} If the option is no absolute path.
 * @throws {BackendError} `engine_unavailable` if there is none, saying where it
 * looked; if `DOCKER_HOST` is malformed; or if it leads to another host without
 * TLS. `unsupported` if it is of a kind that cannot be used: npipe, ssh, fd.
 */
export async function findEngine(
  options: FindEngineOptions,
): Promise<EngineAddress> {
  const { socketPath, env } = options;
  if (socketPath !== undefined) {
    const foundBy = "the option socketPath";
    const problem = pathProblem(socketPath);
    if (problem === undefined) {
      return { kind: "unix", path: socketPath, foundBy };
    }
    throw new TypeError(`socketPath is ${shown(socketPath)}, but ${problem}`);
  }
  const host = env("DOCKER_HOST")?.trim() ?? "";
  if (host !== "") return readDockerHost(host, options);
  const places = usualPlaces(options);
  const hidden: string[] = [];
  for (const { path, foundBy } of places) {
    if (path === undefined) continue;
    const isThere = await options.exists(path);
    if (isThere) return { kind: "unix", path, foundBy };
    if (isThere === undefined) hidden.push(path);
  }
  throw notFound(places, hidden, options.os);
}

/** Where an engine is, and what said so, as messages name it. */
export function addressText(address: EngineAddress): string {
  const place = address.kind === "unix"
    ? address.path
    : `${address.host}:${address.port}`;
  return `${place} (${address.foundBy})`;
}

/** Why a path cannot be a socket's. */
function pathProblem(path: unknown): string | undefined {
  if (typeof path !== "string" || !path.startsWith("/")) {
    return "it must be an absolute path";
  }
  if (path.includes("\0")) return "it must not contain NUL";
  return new TextEncoder().encode(path).length > SOCKET_PATH_MAX
    ? `a socket's path has at most ${SOCKET_PATH_MAX} bytes`
    : undefined;
}

function readDockerHost(
  value: string,
  options: FindEngineOptions,
): EngineAddress {
  const parts = /^([a-z]+):\/\/(.*)$/is.exec(value);
  const [, scheme = "", rest = ""] = parts ?? [];
  switch (scheme.toLowerCase()) {
    case "unix": {
      const problem = pathProblem(rest);
      if (problem !== undefined) throw malformed(value, problem);
      return { kind: "unix", path: rest, foundBy: "DOCKER_HOST" };
    }
    case "tcp":
    case "http":
    case "https":
      return readTcp(value, scheme.toLowerCase(), rest, options);
    case "npipe":
    case "ssh":
    case "fd":
      throw new BackendError(
        "unsupported",
        `DOCKER_HOST is ${shown(value)}, but engines cannot be reached by ` +
          `${scheme.toLowerCase()} here. ${HOW_TO_SAY}`,
      );
    default:
      throw malformed(value, "it must begin with unix:// or tcp://");
  }
}

function readTcp(
  value: string,
  scheme: string,
  rest: string,
  options: FindEngineOptions,
): TcpEngineAddress {
  const isTls = scheme === "https" ||
    (options.env("DOCKER_TLS_VERIFY") ?? "") !== "";
  const parsed = parseHostAndPort(rest.replace(/\/$/, ""));
  if (parsed === undefined) {
    throw malformed(
      value,
      `behind ${scheme}:// it must have a host, maybe a port, and no more`,
    );
  }
  const { host, port = isTls ? TLS_PORT : PLAIN_PORT } = parsed;
  if (!isTls && options.allowPlainTcp !== true && !isLoopback(host)) {
    throw new BackendError(
      "engine_unavailable",
      `DOCKER_HOST is ${
        shown(value)
      }, another host, and the connection would ` +
        "not be encrypted: whoever can change what passes by is root there. " +
        "Set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH, or give the option " +
        "allowPlainTcp",
    );
  }
  const tls = isTls ? { certPath: certPath(options) } : undefined;
  return { kind: "tcp", host, port, tls, foundBy: "DOCKER_HOST" };
}

function malformed(value: string, rule: string): BackendError {
  return new BackendError(
    "engine_unavailable",
    `DOCKER_HOST is ${
      shown(value)
    }, which is malformed: ${rule}. ${HOW_TO_SAY}`,
  );
}

/** Whether a host is this one, and by a name that no resolver can move. */
function isLoopback(host: string): boolean {
  if (host === "localhost") return true;
  const family = isIP(host);
  if (family === 0) return false;
  const loopback = new BlockList();
  loopback.addSubnet("127.0.0.0", 8);
  loopback.addAddress("::1", "ipv6");
  return loopback.check(host, family === 6 ? "ipv6" : "ipv4");
}

function certPath({ env, os }: FindEngineOptions): string {
  const given = env("DOCKER_CERT_PATH") ?? "";
  if (given !== "") return given;
  const home = env(os === "windows" ? "USERPROFILE" : "HOME") ?? "";
  if (home !== "") return `${home}/.docker`;
  throw new BackendError(
    "engine_unavailable",
    "DOCKER_HOST asks for TLS, but nothing says where the certificates are. " +
      "Set DOCKER_CERT_PATH to the folder of ca.pem, cert.pem and key.pem",
  );
}

/** Where a socket may be. */
interface Place {
  /** Undefined if the variable that it depends on is not set. */
  readonly path: string | undefined;
  readonly foundBy: string;
}

function usualPlaces({ env, os }: FindEngineOptions): Place[] {
  if (os === "windows") return [];
  const under = (variable: string, path: string) => {
    const folder = (env(variable) ?? "").replace(/\/$/, "");
    return folder.startsWith("/") ? folder + path : undefined;
  };
  return [
    { path: "/var/run/docker.sock", foundBy: "Docker's usual place" },
    {
      path: under("XDG_RUNTIME_DIR", "/docker.sock"),
      foundBy: "a rootless Docker's usual place, $XDG_RUNTIME_DIR/docker.sock",
    },
    {
      path: under("HOME", "/.docker/run/docker.sock"),
      foundBy: "Docker Desktop's usual place, $HOME/.docker/run/docker.sock",
    },
    {
      path: under("XDG_RUNTIME_DIR", "/podman/podman.sock"),
      foundBy:
        "a rootless Podman's usual place, $XDG_RUNTIME_DIR/podman/podman.sock",
    },
    { path: "/run/podman/podman.sock", foundBy: "Podman's usual place" },
  ];
}

function notFound(
  places: readonly Place[],
  hidden: readonly string[],
  os: FindEngineOptions["os"],
): BackendError {
  const looked = places.filter(({ path }) => !hidden.includes(path ?? ""))
    .map(({ path, foundBy }) =>
      path ?? `${foundBy.slice(foundBy.indexOf("$"))} (not set)`
    );
  const found = os === "windows"
    ? "named pipes, where engines on Windows listen, cannot be used"
    : `there is nothing at ${looked.join(", ")}`;
  const unseen = hidden.length === 0
    ? ""
    : `, and it may not be seen whether there is at ${
      hidden.join(", ")
    }: grant ` +
      "--allow-read, --allow-write and --allow-net=unix: for the one that it is";
  return new BackendError(
    "engine_unavailable",
    `Cannot find a container engine: DOCKER_HOST is not set, ${found}${unseen}. ` +
      `Start Docker or Podman. ${HOW_TO_SAY}`,
  );
}
