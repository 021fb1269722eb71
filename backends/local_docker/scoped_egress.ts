import { BackendError } from "../backend_error.ts";
import { replaceAllow } from "../egress/egress_ceiling.ts";
import { type CheckedEgress, policyOf } from "../egress/egress_policy_check.ts";
import { FORWARDER_PORT } from "../egress/forwarder_contract.ts";
import { EgressProxy } from "../egress/proxy.ts";
import type { AddressRanges } from "../egress/public_address.ts";
import { resolveHost } from "../egress/resolve_host.ts";
import type { EgressOptions } from "../egress_options.ts";
import type { SandboxEgress } from "../sandbox_egress.ts";
import {
  type Forwarder,
  type ForwarderRequest,
  launchForwarder,
} from "./forwarder.ts";
import { openProxySocket } from "./proxy_socket.ts";
import { cleanUp, type StartContext } from "./start_container.ts";

const PROXY_URL = `http://127.0.0.1:${FORWARDER_PORT}`;
/** What is inside of the sandbox is not the proxy's to reach. */
const OWN_HOSTS = "localhost,127.0.0.1,::1";

/** What tells programs of the proxy; those that do not ask reach nothing. */
export const PROXY_ENV: Readonly<Record<string, string>> = Object.freeze({
  HTTP_PROXY: PROXY_URL,
  HTTPS_PROXY: PROXY_URL,
  http_proxy: PROXY_URL,
  https_proxy: PROXY_URL,
  NO_PROXY: OWN_HOSTS,
  no_proxy: OWN_HOSTS,
  // Node asks for the others only where it is told to.
  NODE_USE_ENV_PROXY: "1",
});

/** What a sandbox's egress is to be. */
export interface ScopedEgressRequest extends
  Omit<
    ForwarderRequest,
    "socketPath" | "connectionsMax"
  >,
  Pick<EgressOptions, "resolve" | "onAttempt"> {
  readonly policy: CheckedEgress;
  /** The most that it may ever be. */
  readonly ceiling: CheckedEgress | undefined;
  readonly ranges: AddressRanges;
  /** What sandboxes have of this host, this one included. */
  readonly mounted: readonly string[];
  readonly onWarning: (message: string) => void;
}

/** The way out of one sandbox: a forwarder beside it, and a proxy in this process. */
export class ScopedEgress {
  /** What the sandbox's user sees of it. */
  readonly handle: SandboxEgress;
  readonly #forwarder: Forwarder;
  readonly #proxy: EgressProxy;
  readonly #request: ScopedEgressRequest;
  #sandbox: string;
  #closed: Promise<void> | undefined;

  private constructor(
    forwarder: Forwarder,
    proxy: EgressProxy,
    request: ScopedEgressRequest,
  ) {
    this.#forwarder = forwarder;
    this.#proxy = proxy;
    this.#request = request;
    this.#sandbox = forwarder.id;
    this.handle = handleOf(proxy, request.ceiling);
    forwarder.leash.onLost(() => this.#lose());
  }

  /**
   * Opens a way out for a sandbox that is not there yet; or leaves nothing, and
   * throws.
   *
   * @throws {BackendError} `network_refused`, if the engine cannot have it.
   */
  static async open(
    request: ScopedEgressRequest,
    context: StartContext,
  ): Promise<ScopedEgress> {
    const socket = await openProxySocket(request.mounted);
    let egress: ScopedEgress | undefined;
    const proxy = new EgressProxy(socket.listener, {
      ...request,
      resolve: request.resolve ?? resolveHost,
      // Until there is a sandbox, nothing can come from one.
      sandbox: () => egress?.sandbox ?? "",
    });
    try {
      const forwarder = await launchForwarder({
        ...request,
        socketPath: socket.path,
        connectionsMax: request.policy.connectionsMax,
      }, context);
      egress = new ScopedEgress(forwarder, proxy, request);
      // Who has it mounted keeps it, and nothing is left if this process dies.
      await socket.unlink();
      return egress;
    } catch (error) {
      const opened = egress ?? proxy;
      await cleanUp(() => opened.close(), context);
      // With a forwarder, it was this that failed.
      if (egress === undefined) await socket.unlink();
      throw refused(error, request.image);
    }
  }

  /** The mode of the network that the sandbox is to have. */
  get networkMode(): string {
    return `container:${this.#forwarder.id}`;
  }

  /** The id of the sandbox that it belongs to. */
  get sandbox(): string {
    return this.#sandbox;
  }

  /** Says which sandbox it belongs to, before anything runs in that. */
  belongTo(sandbox: string): void {
    this.#sandbox = sandbox;
  }

  /** Cuts everything, and removes the forwarder. */
  async close(): Promise<void> {
    this.#closed ??= this.#close();
    try {
      await this.#closed;
    } catch (error) {
      // The next one who asks tries again.
      this.#closed = undefined;
      throw error;
    }
  }

  async #close(): Promise<void> {
    try {
      await this.#proxy.close();
    } finally {
      await this.#forwarder.remove();
    }
  }

  #lose(): void {
    if (!this.#proxy.isOpen) return;
    // There is no other way out, so that what is left is to say so.
    this.#proxy.close();
    this.#request.onWarning(
      `The egress of sandbox ${this.#sandbox} is closed: its forwarder has ended. ` +
        "Nothing can be reached from there any more",
    );
  }
}

function handleOf(
  proxy: EgressProxy,
  ceiling: CheckedEgress | undefined,
): SandboxEgress {
  return Object.freeze<SandboxEgress>({
    get policy() {
      return policyOf(proxy.policy);
    },
    get open() {
      return proxy.open;
    },
    get isOpen() {
      return proxy.isOpen;
    },
    allow: (allow) => proxy.replace(replaceAllow(proxy.policy, allow, ceiling)),
    attempts: ({ signal } = {}) => proxy.attempts(signal),
  });
}

/** What keeps a forwarder from starting keeps the sandbox from having a network. */
function refused(error: unknown, image: string): unknown {
  if (!(error instanceof BackendError)) return error;
  const { code, message } = error;
  if (code !== "image_unavailable" && code !== "start_failed") return error;
  return new BackendError(
    "network_refused",
    `Cannot launch with scoped egress: there is no forwarder of the image ${image}: ` +
      `${message}. Make the image with makeForwarderImage, and use an engine on ` +
      "this host, which can mount its sockets",
    { cause: error },
  );
}
