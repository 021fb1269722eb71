import { absolutePath } from "./absolute_path.ts";
import { readCapAdd } from "./cap_add.ts";
import { readDns, readExtraHosts } from "./host_names_check.ts";
import { readImagePolicy } from "./image_policy_check.ts";
import { parseImageReference } from "./image_reference.ts";
import { parseMemorySize } from "./memory_size.ts";
import { readMounts } from "./mount_check.ts";
import { readNetwork } from "./network_check.ts";
import { readSeccomp } from "./seccomp_check.ts";
import { booleanOf, fieldsOf, textOf, wrong } from "./spec_values.ts";
import {
  readCommand,
  readEnv,
  readLabels,
  readRuntime,
} from "./text_fields.ts";
import { readTmpfs } from "./tmpfs_options.ts";
import { readUser } from "./user_check.ts";
import type { LaunchSpec } from "../launch_spec.ts";

/** What Docker gives a container at least: 6 MiB. */
export const MEMORY_MIN = 6 * 2 ** 20;
/** What Docker gives a container at least: a hundredth of a processor. */
export const CPUS_MIN = 0.01;
/** How long a sandbox lives at least: a second. */
export const TTL_MS_MIN = 1000;

/** How each key of a spec is read, by itself. */
const READERS = {
  image: readImage,
  tier: readTier,
  command: (value: unknown) => readCommand(value),
  env: (value: unknown) => readEnv(value),
  workdir: (value: unknown) => absolutePath(value, "workdir"),
  user: (value: unknown) => readUser(value),
  labels: (value: unknown) => readLabels(value),
  memory: readMemory,
  cpus: readCpus,
  pids: (value: unknown) => integerFrom(1, value, "pids"),
  readOnlyRootfs: (value: unknown) => booleanOf(value, "readOnlyRootfs"),
  tmpfs: (value: unknown) => readTmpfs(value),
  extraHosts: (value: unknown) => readExtraHosts(value),
  dns: (value: unknown) => readDns(value),
  seccomp: (value: unknown) => readSeccomp(value),
  runtime: (value: unknown) => readRuntime(value),
  capAdd: (value: unknown) => readCapAdd(value),
  mounts: (value: unknown) => readMounts(value),
  network: (value: unknown) => readNetwork(value),
  imagePolicy: (value: unknown) => readImagePolicy(value),
  ttlMs: (value: unknown) => integerFrom(TTL_MS_MIN, value, "ttlMs"),
} satisfies {
  [Key in keyof Required<LaunchSpec>]: (value: unknown) => unknown;
};

/** A key of a spec. */
export type SpecKey = keyof typeof READERS;

/** What a spec says, each value by itself valid; undefined where it says nothing. */
export type SpecFields = {
  readonly [Key in SpecKey]: ReturnType<typeof READERS[Key]> | undefined;
};

/** The keys of a spec. */
export const SPEC_KEYS = Object.keys(READERS) as readonly SpecKey[];

/**
 * Reads a spec, which may be anything, and copies what it says. How much of it is
 * granted is another question.
 *
 * @param spec The spec.
 * @param what What it is, as messages name it.
 * @param keys Which keys it may have.
 * @throws {BackendError} `spec_refused` or `network_refused`
 */
export function readSpecFields(
  spec: unknown,
  what = "the spec",
  keys: readonly SpecKey[] = SPEC_KEYS,
): SpecFields {
  const given = fieldsOf(spec, what, keys);
  // Every key is there, so that no prototype's value can be taken for one.
  const fields = SPEC_KEYS.map((key) => {
    const value = given.get(key);
    return [key, value === undefined ? undefined : READERS[key](value)];
  });
  return Object.freeze(Object.fromEntries(fields));
}

function readImage(value: unknown): string {
  const text = textOf(value, "image");
  parseImageReference(text);
  return text;
}

function readTier(value: unknown): string {
  const name = textOf(value, "tier");
  return name === "" ? wrong("tier", name, "it must name a preset") : name;
}

function readMemory(value: unknown): number {
  const bytes = typeof value === "string" ? parseMemorySize(value) : value;
  if (Number.isSafeInteger(bytes) && Number(bytes) >= MEMORY_MIN) {
    return Number(bytes);
  }
  wrong(
    "memory",
    value,
    "it must be whole bytes or text such as 512m or 1g, and at least 6m, " +
      "the least that engines take",
  );
}

function readCpus(value: unknown): number {
  if (
    typeof value === "number" && Number.isFinite(value) && value >= CPUS_MIN
  ) return value;
  wrong("cpus", value, `it must be a number, and at least ${CPUS_MIN}`);
}

function integerFrom(min: number, value: unknown, what: string): number {
  if (Number.isSafeInteger(value) && Number(value) >= min) return Number(value);
  wrong(what, value, `it must be an integer, and at least ${min}`);
}
