import { BackendError } from "../backend_error.ts";
import type { RunStatus, SandboxProcess } from "../run_result.ts";
import type { Box } from "./box.ts";
import type { ExecStream } from "./exec_stream.ts";
import type { OutputName } from "./frames.ts";
import type { Program } from "./program.ts";
import { supervise } from "./supervise.ts";

/** How much of each stream is buffered before the program has to wait. */
const BUFFER_BYTES = 64 * 1024;

/** A program to start, checked, with every default filled in. */
export type SpawnRequest = Omit<Program, "onOutput" | "onStart" | "stdin">;

/**
 * Starts a program, and returns it with its streams.
 *
 * @throws {BackendError} As {@linkcode supervise}, if it does not start.
 */
export async function spawn(
  box: Box,
  { signal, ...program }: SpawnRequest,
): Promise<SandboxProcess> {
  signal?.throwIfAborted();
  const killed = new AbortController();
  const abort = () => killed.abort(signal?.reason);
  signal?.addEventListener("abort", abort, { once: true });
  const outputs = { stdout: outputPipe(), stderr: outputPipe() };
  const started = Promise.withResolvers<ExecStream>();
  const status = supervise(box, {
    ...program,
    stdin: true,
    signal: killed.signal,
    onStart: started.resolve,
    onOutput: ({ name, bytes }) => outputs[name].write(bytes),
  }).then((status) => {
    finish(outputs, undefined);
    // Unless it was seen to start, it was called off before.
    started.reject(
      status.outcome === "aborted" ? signal?.reason : notStarted(status),
    );
    return status;
  }, (error) => {
    started.reject(error);
    finish(outputs, error);
    return LOST;
  }).finally(() => signal?.removeEventListener("abort", abort));
  const exec = await started.promise;
  const kill = () => {
    killed.abort();
    return status;
  };
  return {
    stdin: inputStream(exec),
    stdout: outputs.stdout.readable,
    stderr: outputs.stderr.readable,
    status,
    kill,
    [Symbol.asyncDispose]: async () => {
      await kill();
    },
  };
}

function notStarted({ outcome }: RunStatus): BackendError {
  return new BackendError(
    outcome === "sandbox_gone" ? "sandbox_gone" : "start_failed",
    `Cannot start a program in the sandbox: ${outcome} came first`,
  );
}

/** What is told of a program whose engine failed; its streams say how. */
const LOST: RunStatus = {
  outcome: "sandbox_gone",
  exitCode: null,
  signal: null,
  cleanup: "none",
  survivors: 0,
  durationMs: 0,
};

/** One of a program's streams, from the engine's end to the reader's. */
interface OutputPipe {
  readonly readable: ReadableStream<Uint8Array>;
  write(bytes: Uint8Array): Promise<void>;
  end(error: unknown): void;
}

function outputPipe(): OutputPipe {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>(
    {},
    new ByteLengthQueuingStrategy({ highWaterMark: BUFFER_BYTES }),
    new ByteLengthQueuingStrategy({ highWaterMark: 0 }),
  );
  const writer = writable.getWriter();
  // A reader that cancels wants no more, which is no failure.
  const ignore = () => {};
  writer.closed.catch(ignore);
  return {
    readable,
    async write(bytes) {
      await writer.ready.catch(ignore);
      writer.write(bytes.slice()).catch(ignore);
      // Wait here, and the engine's end of the connection is not read.
      await writer.ready.catch(ignore);
    },
    end(error) {
      const ending = error === undefined ? writer.close() : writer.abort(error);
      ending.catch(ignore);
    },
  };
}

function finish(
  outputs: Readonly<Record<OutputName, OutputPipe>>,
  error: unknown,
): void {
  outputs.stdout.end(error);
  outputs.stderr.end(error);
}

function inputStream(exec: ExecStream): WritableStream<Uint8Array> {
  return new WritableStream({
    write: (bytes) => exec.write(bytes),
    close: () => exec.endInput(),
    abort: () => exec.endInput(),
  });
}
