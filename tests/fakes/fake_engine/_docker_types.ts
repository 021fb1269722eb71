// The part of dockerode that the tests of the fake use, as types: it has none.
import type { Duplex } from "node:stream";

/** JSON of which a test knows better. */
export type Options = Readonly<Record<string, unknown>>;

/** A client. */
export interface Docker {
  ping(): Promise<Uint8Array>;
  version(): Promise<{ ApiVersion: string }>;
  info(): Promise<Info>;
  pull(image: string): Promise<Duplex>;
  getImage(name: string): { inspect(): Promise<ImageInspection> };
  createContainer(options: Options): Promise<Container>;
  getContainer(id: string): Container;
  listContainers(options: Options): Promise<{ Id: string; State: string }[]>;
  getEvents(options: Options): Promise<Duplex>;
}

/** A container. */
export interface Container {
  readonly id: string;
  inspect(options?: Options): Promise<Inspection>;
  start(): Promise<unknown>;
  stop(): Promise<unknown>;
  kill(options?: Options): Promise<unknown>;
  remove(options?: Options): Promise<unknown>;
  rename(options: Options): Promise<unknown>;
  wait(options?: Options): Promise<{ StatusCode: number }>;
  attach(options: Options): Promise<Duplex>;
  exec(options: Options): Promise<Exec>;
  top(options?: Options): Promise<{ Titles: string[]; Processes: string[][] }>;
  stats(options: Options): Promise<{ pids_stats: { current?: number } }>;
  changes(): Promise<unknown>;
  logs(options: Options): Promise<Uint8Array>;
}

/** A command in a container. */
export interface Exec {
  readonly id: string;
  start(options: Options): Promise<Duplex>;
  inspect(): Promise<{
    readonly Running: boolean;
    readonly ExitCode: number | null;
    readonly ProcessConfig: { readonly arguments: readonly string[] };
  }>;
}

/** What an engine says of itself. */
export interface Info {
  readonly [guard: string]: unknown;
  readonly SecurityOptions: readonly string[];
  readonly Runtimes: Readonly<Record<string, unknown>>;
}

/** What an engine says of an image. */
export interface ImageInspection {
  readonly Id: string;
  readonly Config: { readonly User: string };
}

/** What an engine says of a container. */
export interface Inspection {
  readonly Name: string;
  readonly State: {
    readonly Status: string;
    readonly Running: boolean;
    readonly ExitCode: number;
    readonly OOMKilled: boolean;
  };
  readonly Config: {
    readonly User: string;
    readonly WorkingDir: string;
    readonly Env: readonly string[] | null;
  };
  readonly HostConfig: {
    readonly MemorySwap: number;
    readonly Runtime: string;
    readonly PidsLimit: number | null;
    readonly SecurityOpt: readonly string[] | null;
    readonly MaskedPaths: readonly string[] | null;
  };
  readonly Mounts: readonly {
    readonly Destination: string;
    readonly RW: boolean;
  }[];
  readonly NetworkSettings: { readonly Networks: unknown };
}
