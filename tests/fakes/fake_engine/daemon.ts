import { noSuchContainer } from "./engine_error.ts";
import { EventLog } from "./event_log.ts";
import type { FakeContainer } from "./fake_container.ts";
import type { FakeExec } from "./fake_exec.ts";
import {
  type FakeImage,
  ImageStore,
  type RegistryImage,
} from "./image_store.ts";
import { basicPrograms, type Programs } from "./programs.ts";

/** What a fake engine has, and what it can run. */
export interface DaemonOptions {
  /**
   * The images that are there, by name.
   * @default {none}
   */
  readonly images?: Readonly<Record<string, FakeImage>>;
  /**
   * The images that can be pulled, by name.
   * @default {none}
   */
  readonly registry?: Readonly<Record<string, RegistryImage>>;
  /**
   * What containers can run.
   * @default {basicPrograms}
   */
  readonly programs?: Programs;
  /**
   * The container runtimes.
   * @default {["runc"]}
   */
  readonly runtimes?: readonly string[];
  /**
   * Whether the end of a container waits until what it wrote has been read, or
   * the reader has left. (20.10 waits: ten seconds for an unread exec, twice that
   * to remove the container, and for good for an unread attach.)
   * @default {false}
   */
  readonly waitsForReaders?: boolean;
  /**
   * Tells the time, in milliseconds since 1970.
   * @default {Date.now}
   */
  readonly now?: () => number;
}

/** The engine without its socket: what there is, and what has happened. */
export class Daemon {
  /** The containers that exist, by id. */
  readonly containers = new Map<string, FakeContainer>();
  /** The commands in containers that are known, by id. */
  readonly execs = new Map<string, FakeExec>();
  /** The images. */
  readonly images: ImageStore;
  /** What has happened. */
  readonly events: EventLog;
  /** What can be run. */
  readonly programs: Programs;
  /** The container runtimes. */
  readonly runtimes: readonly string[];
  /** Whether the end of a container waits for its readers. */
  readonly waitsForReaders: boolean;
  /** Tells the time, in milliseconds since 1970. */
  readonly now: () => number;
  /** What the answer to a create request warns of. */
  warnings: string[] = [];
  /** What programs have thrown, and what went wrong in the fake itself. */
  readonly errors: unknown[] = [];
  readonly #onChange: () => void;
  #pid = 1000;

  /**
   * Makes an engine without containers.
   *
   * @param options What it has.
   * @param onChange Is told when something has changed.
   */
  constructor(options: DaemonOptions, onChange: () => void) {
    this.now = options.now ?? Date.now;
    this.images = new ImageStore(options.images ?? {}, options.registry ?? {});
    this.events = new EventLog(this.now);
    this.programs = options.programs ?? basicPrograms;
    this.runtimes = options.runtimes ?? ["runc"];
    this.waitsForReaders = options.waitsForReaders ?? false;
    this.#onChange = onChange;
  }

  /** Says that something has changed. */
  changed(): void {
    this.#onChange();
  }

  /** A number that no process has had. */
  nextPid(): number {
    return ++this.#pid;
  }

  /** The container of an id, a name or the beginning of an id. */
  find(name: string): FakeContainer | undefined {
    const all = [...this.containers.values()];
    return this.containers.get(name) ??
      all.find((container) => container.name === name) ??
      all.find(({ id }) => name !== "" && id.startsWith(name));
  }

  /**
   * The same, where it has to be there.
   *
   * @throws {EngineError} If it is not.
   */
  container(name: string): FakeContainer {
    const found = this.find(name);
    if (found === undefined) throw noSuchContainer(name);
    return found;
  }

  /** Forgets a container and its commands. */
  forget(container: FakeContainer): void {
    this.containers.delete(container.id);
    for (const exec of this.execs.values()) {
      if (exec.container === container) this.execs.delete(exec.id);
    }
    this.changed();
  }
}

/** An id as the engine makes them: 64 hexadecimal digits. */
export function newId(): string {
  return crypto.getRandomValues(new Uint8Array(32)).toHex();
}
