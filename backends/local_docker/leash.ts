import type { Duplex } from "node:stream";
import type { Engine } from "./engine.ts";
import { FrameDecoder } from "./frames.ts";
import { READY } from "./inside.ts";

/** How much of what a sandbox says at its start is kept. */
const TEXT_BYTES_MAX = 64 * 1024;

/**
 * The connection that a sandbox lives by: its main program's input and output.
 * When it closes, the engine closes the program's input, and the sandbox ends.
 */
export class Leash {
  readonly #socket: Duplex;
  #onLost: (() => void) | undefined;
  #isLost = false;

  private constructor(socket: Duplex) {
    this.#socket = socket;
    socket.on("error", () => {});
    socket.on("close", () => {
      this.#isLost = true;
      this.#onLost?.();
    });
  }

  /** Connects to a container that has been created and not started. */
  static async attach(
    engine: Engine,
    containerId: string,
    signal: AbortSignal,
  ): Promise<Leash> {
    const socket = await engine.hijack({
      signal,
      method: "POST",
      path: `/containers/${containerId}/attach`,
      query: { stream: true, stdin: true, stdout: true, stderr: true },
      what: "attach to the sandbox",
      // Podman prepares the container here, and says here what is wrong with it.
      codes: { 409: "start_failed" },
    });
    return new Leash(socket);
  }

  /**
   * Reads what the main program says until it is ready; what it says afterwards
   * is left to the engine's log.
   *
   * @returns Whether it was ready before its output ended, and what it said.
   */
  async readUntilReady(): Promise<{ isReady: boolean; text: string }> {
    const decoder = new FrameDecoder();
    const text = new TextDecoder();
    let said = "";
    let isReady = false;
    await new Promise<void>((resolve, reject) => {
      const end = () => resolve();
      this.#socket.once("end", end).once("close", end);
      this.#socket.on("data", (chunk: Uint8Array) => {
        // Data goes on flowing, and being dropped, so that nothing piles up.
        if (isReady || said.length > TEXT_BYTES_MAX) return;
        try {
          for (const { bytes } of decoder.push(chunk)) {
            said += text.decode(bytes);
          }
        } catch (error) {
          return reject(error);
        }
        isReady = `\n${said}`.includes(`\n${READY}\n`);
        if (isReady) resolve();
      });
    });
    return { isReady, text: said };
  }

  /** Lets the process exit while the sandbox is still there, which ends it. */
  unref(): void {
    (this.#socket as { unref?: () => void }).unref?.();
  }

  /** Has somebody told when the sandbox has ended, or its engine is lost. */
  onLost(tell: () => void): void {
    this.#onLost = tell;
    if (this.#isLost) tell();
  }

  /** Lets go: the sandbox ends. */
  release(): void {
    this.#onLost = undefined;
    this.#socket.destroy();
  }
}
