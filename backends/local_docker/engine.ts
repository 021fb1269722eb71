import { Buffer } from "node:buffer";
import type { Duplex } from "node:stream";
import { BackendError, type BackendErrorCode } from "../backend_error.ts";
import type { DialOptions, DockerClient } from "../docker_client.ts";
import { type AnswerShape, misfit } from "./answer_shape.ts";

/** How long the engine may take to answer a call, by default. */
const CALL_TIMEOUT_MS = 30_000;
/** The longest answer that is read, such as a list of many containers. */
const ANSWER_CHARS_MAX = 64 * 1024 * 1024;

/** A call of the Engine API. */
export interface EngineCall {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: Readonly<Record<string, unknown>>;
  /** What is being done, for messages: "start the container". */
  readonly what: string;
  /** What statuses mean here, other than that the engine failed. */
  readonly codes?: Readonly<Record<number, BackendErrorCode>>;
  /**
   * How long the answer may take, in milliseconds.
   * @default {30_000}
   */
  readonly timeoutMs?: number;
  /** Ends the call, which rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** What an engine is. */
interface EngineVersion {
  readonly api: readonly number[];
  readonly isPodman: boolean;
}

/** The Engine API, each call with a bound and errors that say what failed. */
export class Engine {
  readonly #connect: () => Promise<DockerClient>;
  readonly #where: () => string | undefined;
  #client: Promise<DockerClient> | undefined;
  #known: EngineVersion | undefined;

  /**
   * Names an engine, and contacts nothing.
   *
   * @param connect Finds the client, when it is first needed.
   * @param where Says where it is, once that is known.
   */
  constructor(
    connect: () => Promise<DockerClient>,
    where: () => string | undefined = () => undefined,
  ) {
    this.#connect = connect;
    this.#where = where;
  }

  /**
   * Asks for JSON.
   *
   * @param call The call.
   * @param shape What has to be in the answer, and of which type.
   * @throws {BackendError} `engine_failed`, if the answer is another one.
   */
  async json<T>(
    call: EngineCall,
    shape: AnswerShape = {},
  ): Promise<T> {
    const answer = await this.#bounded(call, async (ended) => {
      // As a stream: of JSON that breaks off, the modem never says a word.
      const stream = await this.#dial(call, { isStream: true }, ended);
      return parsed(call, await readAll(call, stream, ended));
    });
    const found = misfit(answer, shape);
    if (found !== undefined) throw malformed(call, found);
    return answer as T;
  }

  /** Whether it is Podman, which takes and tells some things in its own way. */
  async isPodman(): Promise<boolean> {
    return (await this.#version()).isPodman;
  }

  /** Whether its version of Docker's API is below another one, such as 1.42. */
  async isBelow(major: number, minor: number): Promise<boolean> {
    const [ownMajor = 0, ownMinor = 0] = (await this.#version()).api;
    return ownMajor < major || (ownMajor === major && ownMinor < minor);
  }

  async #version(): Promise<EngineVersion> {
    if (this.#known !== undefined) return this.#known;
    const { ApiVersion, Components } = await this.json<
      {
        ApiVersion: string;
        Components?: readonly { readonly Name: string }[] | null;
      }
    >(
      { method: "GET", path: "/version", what: "see what the engine is" },
      {
        "": "object",
        "ApiVersion": "string",
        "Components": "list?",
        "Components.*": "object",
      },
    );
    return this.#known = {
      api: ApiVersion.split(".").map(Number),
      isPodman: Components?.some(({ Name }) => Name === "Podman Engine") ??
        false,
    };
  }

  /** Asks for a stream that the engine writes and ends. */
  async stream(call: EngineCall): Promise<Duplex> {
    const how = { isStream: true };
    return await this.#bounded(call, (ended) => this.#dial(call, how, ended));
  }

  /** Takes the connection over: raw bytes, both ways. */
  async hijack(call: EngineCall): Promise<Duplex> {
    const how = { isStream: true, hijack: true };
    // Without a body, the modem would send the end of a chunked one, which could
    // come out as the first bytes of what is written.
    const body = call.body === undefined ? { file: Buffer.alloc(0) } : {};
    return await this.#bounded(
      call,
      (ended) => this.#dial(call, { ...how, ...body }, ended),
    );
  }

  /** Does something with a signal that is aborted when its time is up. */
  async #bounded<T>(
    call: EngineCall,
    work: (ended: AbortSignal) => Promise<T>,
  ): Promise<T> {
    call.signal?.throwIfAborted();
    const { timeoutMs = CALL_TIMEOUT_MS } = call;
    const ended = new AbortController();
    const abort = () => ended.abort(call.signal?.reason);
    const timer = setTimeout(() => {
      ended.abort(silence(call, timeoutMs));
    }, timeoutMs);
    call.signal?.addEventListener("abort", abort, { once: true });
    try {
      return await work(ended.signal);
    } finally {
      clearTimeout(timer);
      call.signal?.removeEventListener("abort", abort);
    }
  }

  async #dial(
    call: EngineCall,
    how: Pick<DialOptions, "isStream" | "hijack" | "file">,
    ended: AbortSignal,
  ): Promise<Duplex> {
    const client = await this.#connected();
    return await new Promise<Duplex>((resolve, reject) => {
      // What destroys the request may not call back, as after an upgrade.
      const end = () => reject(ended.reason);
      if (ended.aborted) return end();
      ended.addEventListener("abort", end, { once: true });
      const { statusCodes, path, options } = request(call);
      client.modem.dial({
        method: call.method,
        path,
        ...(options && { options }),
        abortSignal: ended,
        statusCodes,
        ...how,
      }, (error, data) => {
        if (ended.aborted) destroyLate(data);
        else if (error) reject(failure(call, error, this.#where()));
        else resolve(data as Duplex);
      });
    });
  }

  async #connected(): Promise<DockerClient> {
    this.#client ??= this.#connect();
    try {
      return await this.#client;
    } catch (error) {
      // An engine that was not there may be there at the next call.
      this.#client = undefined;
      throw error;
    }
  }
}

/** Puts a call the way the modem wants it, which has queries in odd places. */
function request({ method, path, query = {}, body = {} }: EngineCall) {
  const statusCodes = {
    101: true,
    200: true,
    201: true,
    204: true,
    304: true,
  } as const;
  if (method === "POST") {
    return {
      statusCodes,
      path: `${path}?`,
      options: { _query: query, _body: body },
    };
  }
  // It cuts the last character off a path with a "?" and no query.
  return Object.keys(query).length === 0
    ? { statusCodes, path }
    : { statusCodes, path: `${path}?`, options: query };
}

/** Reads an answer to its end. */
async function readAll(
  call: EngineCall,
  stream: Duplex,
  ended: AbortSignal,
): Promise<string> {
  const decoder = new TextDecoder();
  const stop = () => stream.destroy();
  ended.addEventListener("abort", stop, { once: true });
  let text = "";
  try {
    for await (const chunk of stream) {
      text += decoder.decode(chunk, { stream: true });
      if (text.length > ANSWER_CHARS_MAX) {
        throw malformed(call, "it has no end");
      }
    }
  } catch (error) {
    if (ended.aborted) throw ended.reason;
    throw error instanceof BackendError ? error : failure(call, error);
  } finally {
    ended.removeEventListener("abort", stop);
  }
  ended.throwIfAborted();
  return text;
}

function parsed(call: EngineCall, text: string): unknown {
  if (text.trim() === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw malformed(call, `it is no JSON: ${text.slice(0, 100)}`);
  }
}

function malformed({ what }: EngineCall, found: string): BackendError {
  return new BackendError(
    "engine_failed",
    `Cannot ${what}: the engine's answer makes no sense: ${found}`,
  );
}

/** A stream that arrives when nobody waits any more is closed. */
function destroyLate(data: unknown): void {
  if (typeof data !== "object" || data === null || !("destroy" in data)) return;
  const stream = data as Duplex;
  stream.on("error", () => {/* It is of no interest to anybody. */});
  stream.destroy();
}

function silence({ what }: EngineCall, timeoutMs: number): BackendError {
  return new BackendError(
    "engine_unavailable",
    `Cannot ${what}: the engine did not answer within ${timeoutMs} ms. Look at ` +
      "its own log, and restart it if it hangs",
  );
}

/** What to do when there is no connection, by what the system says of it. */
const ADVICE: Readonly<Record<string, string>> = {
  ENOENT: "start it, or say where it is with socketPath or DOCKER_HOST",
  ECONNREFUSED: "nothing listens there, so start it",
  EACCES: "become a member of its socket's group, or use a rootless engine",
  EPERM: "become a member of its socket's group, or use a rootless engine",
  ENOTFOUND: "there is no such host, so check DOCKER_HOST",
  EAI_AGAIN: "the host's name is not known, so check DOCKER_HOST",
  EHOSTUNREACH: "check DOCKER_HOST and the network",
  ENETUNREACH: "check DOCKER_HOST and the network",
  ETIMEDOUT: "check DOCKER_HOST and the network",
};

function adviceFor(code: string): string | undefined {
  return /^(?:CERT_|DEPTH_ZERO_|ERR_SSL_|ERR_TLS_|SELF_SIGNED_|UNABLE_TO_)/
      .test(code)
    ? "check that ca.pem, cert.pem and key.pem in DOCKER_CERT_PATH, or else in " +
      "~/.docker, are those of this engine"
    : ADVICE[code];
}

/** What a failed request means. */
function failure(
  call: EngineCall,
  cause: unknown,
  where?: string,
): BackendError {
  const at = where === undefined ? "" : ` at ${where}`;
  const { statusCode, message, code } = cause as {
    statusCode?: number;
    message?: string;
    code?: string;
  };
  // The modem puts the status and a dash before what the engine says.
  const found = (message ?? String(cause))
    .replace(/^\(HTTP code \d+\) .*? - /, "");
  if (statusCode !== undefined) {
    return new BackendError(
      call.codes?.[statusCode] ?? "engine_failed",
      `Cannot ${call.what}: the engine answered ${statusCode}: ${found.trim()}`,
      { cause },
    );
  }
  const advice = cause instanceof Deno.errors.NotCapable
    ? "grant --allow-net, --allow-read and --allow-write for its socket"
    : adviceFor(code ?? "");
  if (advice !== undefined) {
    return new BackendError(
      "engine_unavailable",
      `Cannot ${call.what}: the engine${at} cannot be reached: ${found}; ${advice}`,
      { cause },
    );
  }
  return new BackendError(
    "engine_failed",
    `Cannot ${call.what}: the connection to the engine broke: ${found}`,
    { cause },
  );
}
