// A backend, its engine and a sandbox, for calls on which something goes wrong.
import { assertEquals } from "@std/assert";
import type {
  LocalDockerBackend,
  Sandbox,
  SandboxFiles,
} from "../../../backends/mod.ts";
import { CountedSignal } from "../../conformance/_counted_signal.ts";
import type { FakeEngine } from "../../fakes/fake_engine/fake_engine.ts";
import { programsByName } from "../../fakes/fake_engine/programs.ts";
import { sandboxPrograms } from "../../fakes/fake_engine/sandbox_programs.ts";
import {
  backendFor,
  IMAGE,
  IMAGES,
  PROGRAMS,
  startEngine,
  text,
} from "./_fake_backend.ts";
import { HostShells } from "./_host_shell.ts";

/** An image that has to be pulled. */
export const FAR_IMAGE = "localhost/far:1";
/** What every launch and run may take. */
const LIMIT_MS = 20_000;

/** What a call has to do with. */
export class FaultWorld {
  /** The engine. */
  readonly engine: FakeEngine;
  /** The backend under test. */
  backend: LocalDockerBackend;
  /** A folder of the host, which the sandbox's programs see as it is. */
  readonly folder: string;
  /** Given to every call that takes one. */
  readonly counted: CountedSignal = new CountedSignal();
  readonly #shells: HostShells;
  readonly #hasSilence: boolean;
  #sandbox: Sandbox | undefined;

  private constructor(
    engine: FakeEngine,
    folder: string,
    shells: HostShells,
    hasSilence: boolean,
  ) {
    this.#hasSilence = hasSilence;
    this.engine = engine;
    this.folder = folder;
    this.#shells = shells;
    this.backend = this.#open();
  }

  /** Opens one; nothing is launched yet. */
  static async open({ hasSilence = false } = {}): Promise<FaultWorld> {
    const shells = new HostShells();
    const folder = await Deno.realPath(await Deno.makeTempDir());
    const programs = { ...PROGRAMS, sh: shells.program };
    const engine = await startEngine({
      images: IMAGES,
      registry: { [FAR_IMAGE]: {} },
      programs: sandboxPrograms(programsByName(programs)),
    });
    return new FaultWorld(engine, folder, shells, hasSilence);
  }

  /** The sandbox, which is launched if there is none that lives. */
  async ready(): Promise<Sandbox> {
    if (this.#sandbox !== undefined && this.backend.isAlive(this.#sandbox)) {
      return this.#sandbox;
    }
    return this.#sandbox = await this.backend.launch({ image: IMAGE });
  }

  /** The sandbox that is there, or was there last. */
  get sandbox(): Sandbox {
    return this.#sandbox!;
  }

  /** Its files. */
  get files(): SandboxFiles {
    return this.backend.files(this.sandbox);
  }

  /** A signal that is never aborted. */
  get signal(): AbortSignal {
    return this.counted.signal;
  }

  /** Goes on with a backend that has not looked at the engine yet. */
  async renew(): Promise<void> {
    await this.backend.close().catch(() => {});
    this.backend = this.#open();
  }

  /**
   * Sees that all is well when nothing goes wrong any more: the sandbox works, or
   * can be ended and another one be launched; and nothing else is there.
   */
  async assertWell(what: string): Promise<void> {
    const { engine } = this;
    this.counted.assertLeft(what);
    if (this.#sandbox !== undefined) {
      if (!this.backend.isAlive(this.#sandbox)) {
        await this.backend.destroy(this.#sandbox);
      }
    }
    const sandbox = await this.ready();
    const { exitCode, stdout } = await this.backend.run(sandbox, ["say", "on"]);
    assertEquals([exitCode, text(stdout)], [0, "on"], what);
    await engine.when(
      `no container but the sandbox's, after ${what}`,
      () => engine.containers.length === 1,
    );
    await this.#connections(1, what);
    // Whatever was started for the call is gone from a sandbox that lives on.
    await engine.when(
      `no process but the sandbox's, after ${what}`,
      () => engine.containers[0]!.processes.length === 1,
    );
  }

  /** Ends it, and sees that nothing is left. */
  async close(): Promise<void> {
    const { engine } = this;
    try {
      await this.backend.close();
      assertEquals(engine.containers, []);
      await this.#connections(0, "all");
    } finally {
      await engine.close();
      await this.#shells.ended();
      await Deno.remove(this.folder, { recursive: true });
    }
  }

  /** A fake that was told to be silent does not see that its client has left. */
  async #connections(count: number, what: string): Promise<void> {
    if (this.#hasSilence) return;
    const { engine } = this;
    await engine.when(
      `no connection but the sandbox's, after ${what}`,
      () => engine.openConnections === count,
    );
  }

  #open(): LocalDockerBackend {
    return backendFor(this.engine, {
      startupTimeoutMs: LIMIT_MS,
      execTimeoutMs: LIMIT_MS,
    });
  }
}
