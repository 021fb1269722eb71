import type { Fault } from "./_world.ts";
import * as bombs from "./bombs.ts";
import * as engineRestarted from "./engine_restarted.ts";
import * as fullDisk from "./full_disk.ts";
import * as imageRemoved from "./image_removed.ts";
import * as killed from "./killed_from_outside.ts";
import * as largeOutput from "./large_output.ts";
import * as stubborn from "./stubborn.ts";

/** Faults that need an engine of their own. */
export const RESTARTS: Readonly<Record<string, Fault>> = {
  "dockerd restarted during execs": engineRestarted.endingContainers,
  "dockerd restarted during execs, with live-restore":
    engineRestarted.keepingContainers,
  "dockerd killed during execs": engineRestarted.killed,
};

/** Faults on the engine that everybody uses. */
export const FAULTS: Readonly<Record<string, Fault>> = {
  "a container killed from outside: docker kill": killed.byDockerKill,
  "a container killed from outside: docker rm": killed.byDockerRemove,
  "a container killed from outside: SIGKILL of its init": killed.byItsInit,
  "a container killed from outside: out of memory": killed.byTheKernel,
  "an image removed": imageRemoved.whileItIsUsed,
  "disk full in the sandbox": fullDisk.inTheSandbox,
  "fork bomb": bombs.ofForks,
  "memory bomb": bombs.ofMemory,
  "1 GB of output: run": largeOutput.ofARun,
  "1 GB of output: spawn": largeOutput.ofASpawn,
  "a process that ignores SIGTERM": stubborn.ignoresSigterm,
  "a main program that ignores SIGTERM": stubborn.mainIgnoresSigterm,
  "an exec that closes its streams and stays": stubborn.closesItsStreams,
};
