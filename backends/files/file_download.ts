import type { FileCall } from "./file_call.ts";
import { DOWNLOAD } from "./file_scripts.ts";
import type { SandboxPath } from "./file_paths.ts";
import { readWords } from "./file_streams.ts";
import { RootEntryFilter } from "./tar_root.ts";
import type { SandboxProcess } from "../run_result.ts";

/** A tar that runs in the sandbox. */
interface Running {
  readonly process: SandboxProcess;
  readonly output: ReadableStreamDefaultReader<Uint8Array>;
  readonly words: Promise<Uint8Array>;
}

/**
 * The output of a tar in the sandbox. It is started when the stream is first read,
 * and ended when that is cancelled. Nothing is read ahead.
 *
 * A tar that fails does so after it has written what it could: the stream then
 * fails at its end, so that nobody takes a part for the whole.
 *
 * @param call The call that this is done for.
 * @param place The folder or file.
 * @param maxBytes How many bytes of tar there may be.
 * @returns The stream.
 */
export function downloadTar(
  call: FileCall,
  place: SandboxPath,
  maxBytes: number,
): ReadableStream<Uint8Array> {
  const source = new TarSource(call, place, maxBytes);
  return new ReadableStream(source, { highWaterMark: 0 });
}

class TarSource implements UnderlyingDefaultSource<Uint8Array> {
  readonly #call: FileCall;
  readonly #place: SandboxPath;
  readonly #maxBytes: number;
  readonly #filter = new RootEntryFilter();
  #starting: Promise<Running> | undefined;
  #isCancelled = false;
  #length = 0;

  constructor(call: FileCall, place: SandboxPath, maxBytes: number) {
    this.#call = call;
    this.#place = place;
    this.#maxBytes = maxBytes;
  }

  async pull(
    controller: ReadableStreamDefaultController<Uint8Array>,
  ): Promise<void> {
    const running = await (this.#starting ??= this.#start());
    try {
      for (;;) {
        const { done, value } = await running.output.read();
        if (done) return await this.#end(running, controller);
        this.#count(value);
        const passed = this.#filter.push(value);
        if (passed.length > 0) return controller.enqueue(passed);
      }
    } catch (error) {
      await stop(running);
      throw error;
    }
  }

  async cancel(): Promise<void> {
    this.#isCancelled = true;
    // A start that fails has left nothing to end.
    const running = await this.#starting?.catch(() => undefined);
    if (running !== undefined) await stop(running);
  }

  async #start(): Promise<Running> {
    const { path, folder, name } = this.#place;
    const process = await this.#call.start(DOWNLOAD, [path, folder, name]);
    if (this.#isCancelled) await process.kill();
    const words = readWords(process.stderr);
    // They are awaited at the end, if it comes to that.
    words.catch(() => {});
    return { process, output: process.stdout.getReader(), words };
  }

  #count({ length }: Uint8Array): void {
    this.#length += length;
    if (this.#length > this.#maxBytes) {
      throw this.#call.tooLarge(`${this.#maxBytes} bytes of tar`);
    }
  }

  async #end(
    { process, words }: Running,
    controller: ReadableStreamDefaultController<Uint8Array>,
  ): Promise<void> {
    const said = await words;
    this.#call.expectSuccess(await process.status, said);
    const rest = this.#filter.rest();
    if (rest.length > 0) controller.enqueue(rest);
    controller.close();
    await process[Symbol.asyncDispose]();
  }
}

/** Ends a tar whose output is not wanted any more. */
async function stop({ process, output }: Running): Promise<void> {
  await process.kill();
  // What failed to be read fails to be cancelled with the same error.
  await output.cancel().catch(() => {});
}
