import { type Duplex, Readable } from "node:stream";
import { BackendError } from "../backend_error.ts";
import type { DialOptions, DockerClient } from "../docker_client.ts";
import { Engine } from "../local_docker/engine.ts";

/** What is to become an image. */
export interface ImportRequest {
  /** The name it gets, with a tag. */
  readonly image: string;
  /** What is said of it, as instructions of a Dockerfile. */
  readonly changes: readonly string[];
  /** Its root file system, as an archive, in pieces. */
  readonly root: AsyncIterable<Uint8Array>;
  /** Ends it. */
  readonly signal: AbortSignal | undefined;
}

/** How long the engine may take to take an image in, in milliseconds. */
const IMPORT_TIMEOUT_MS = 300_000;
/** Far more than the engine says while it does. */
const ANSWER_CHARS_MAX = 1024 * 1024;

/**
 * Gives an image to the engine, sent as it is read, so that it is never all in
 * memory.
 *
 * @param client The engine's client.
 * @param request The image.
 * @throws {BackendError} What failed at the engine, or as the archive was read.
 */
export async function importImage(
  client: DockerClient,
  { image, changes, root, signal }: ImportRequest,
): Promise<void> {
  const query = new URLSearchParams({ fromSrc: "-", repo: image });
  for (const change of changes) query.append("changes", change);
  const ended = new AbortController();
  const file = Readable.from(root, { highWaterMark: 2 });
  // The request would go on waiting for a body that cannot be read to its end.
  file.on("error", (error) => ended.abort(error));
  const abort = () => ended.abort(signal?.reason);
  signal?.addEventListener("abort", abort, { once: true });
  // Two streams of one connection: the archive, and what the engine says of it.
  const uploader: DockerClient = {
    modem: {
      dial: (options, callback) =>
        client.modem.dial({
          ...options,
          // It cuts one character off what ends in a query.
          path: `/images/create?${query}&`,
          // The modem sends a stream as it comes; its type here has none.
          file: file as unknown as NonNullable<DialOptions["file"]>,
        }, callback),
    },
  };
  try {
    const answer = await new Engine(() => Promise.resolve(uploader)).stream({
      method: "POST",
      path: "/images/create",
      what: `make the image ${image}`,
      timeoutMs: IMPORT_TIMEOUT_MS,
      signal: ended.signal,
    });
    checkAnswer(image, await readText(image, answer, ended.signal));
  } finally {
    signal?.removeEventListener("abort", abort);
    file.destroy();
  }
}

async function readText(
  image: string,
  answer: Duplex,
  signal: AbortSignal,
): Promise<string> {
  const decoder = new TextDecoder();
  const stop = () => answer.destroy();
  signal.addEventListener("abort", stop, { once: true });
  let text = "";
  try {
    for await (const chunk of answer) {
      text += decoder.decode(chunk, { stream: true });
      if (text.length > ANSWER_CHARS_MAX) break;
    }
  } catch (cause) {
    signal.throwIfAborted();
    throw new BackendError(
      "engine_failed",
      `Cannot make the image ${image}: the engine broke off: ${cause}`,
      { cause },
    );
  } finally {
    signal.removeEventListener("abort", stop);
  }
  signal.throwIfAborted();
  return text;
}

/** An import that fails late does so in a line of an answer that began well. */
function checkAnswer(image: string, text: string): void {
  const error = /"error":\s*("(?:[^"\\]|\\.)*")/.exec(text)?.[1];
  if (error === undefined) return;
  throw new BackendError(
    "engine_failed",
    `Cannot make the image ${image}: the engine says ${error}`,
  );
}
