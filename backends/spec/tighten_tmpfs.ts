import { refusal } from "./refusal.ts";
import { shown } from "./shown.ts";
import type { SpecFields } from "./spec_fields.ts";
import {
  type CheckedTmpfs,
  completeTmpfs,
  type TmpfsOptions,
} from "./tmpfs_options.ts";

/**
 * Brings a spec's folders in memory together with a preset's, if it has any: the
 * spec may leave folders out, and make them smaller, read-only or `noexec`.
 *
 * @param own What the spec says.
 * @param preset What the preset says.
 * @param by The preset, as messages name it.
 * @param memoryMax The most memory that the preset grants.
 * @throws {BackendError} `spec_refused`
 */
export function tightenTmpfs(
  own: SpecFields,
  preset: SpecFields,
  by: string,
  memoryMax: number,
): ReadonlyMap<string, TmpfsOptions> | undefined {
  if (preset.tmpfs === undefined) return own.tmpfs;
  // Sizes that the spec does not ask for shrink with its memory.
  const memory = own.memory ?? memoryMax;
  const folders = new Map<string, TmpfsOptions>();
  for (const target of (own.tmpfs ?? preset.tmpfs).keys()) {
    const options = preset.tmpfs.get(target);
    if (options === undefined) {
      throw refusal(`${by} has no folder in memory at ${shown(target)}`);
    }
    const ceiling = completeTmpfs(target, options, memoryMax);
    const tight = tighten(own.tmpfs?.get(target), ceiling, memory);
    if (tight === undefined) {
      throw refusal(
        `tmpfs[${shown(target)}] is looser than, or other than, what ${by} ` +
          "fixes; leave options out, or only tighten them",
      );
    }
    folders.set(target, tight);
  }
  return folders;
}

function tighten(
  own: TmpfsOptions | undefined,
  ceiling: CheckedTmpfs,
  memory: number,
): TmpfsOptions | undefined {
  const inherited = { ...ceiling, size: Math.min(ceiling.size, memory) };
  if (own === undefined) return inherited;
  const isLooser = (own.readOnly === false && ceiling.readOnly) ||
    (own.exec === true && !ceiling.exec) ||
    (own.size ?? 0) > ceiling.size ||
    (own.inodes ?? 0) > (ceiling.inodes ?? Infinity);
  const isOther = (own.mode ?? ceiling.mode).padStart(4, "0") !==
      ceiling.mode.padStart(4, "0") ||
    (own.uid ?? ceiling.uid) !== ceiling.uid ||
    (own.gid ?? ceiling.gid) !== ceiling.gid;
  if (isLooser || isOther) return undefined;
  return {
    ...inherited,
    readOnly: own.readOnly ?? ceiling.readOnly,
    exec: own.exec ?? ceiling.exec,
    size: own.size ?? inherited.size,
    inodes: own.inodes ?? ceiling.inodes,
  };
}
