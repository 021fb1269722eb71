import { normalPath } from "../spec/absolute_path.ts";
import type { CheckedSpec } from "../spec/complete_spec.ts";
import { checkMountTarget } from "../spec/mount_check.ts";
import {
  type CheckedTmpfs,
  completeTmpfs,
  parseTmpfsOptions,
  tmpfsText,
} from "../spec/tmpfs_options.ts";
import type { Image } from "./image.ts";

type MemorySpec = Pick<CheckedSpec, "tmpfs" | "mounts" | "memory">;

/**
 * The folders in memory, with their mount options: those of the spec, and the
 * image's volumes, which the engine would put on the host's disk.
 *
 * @param owner Whose they are where nobody says otherwise; undefined if the engine
 * takes none.
 * @throws {BackendError} `spec_refused`, for a volume where none may be.
 */
export function planTmpfs(
  spec: MemorySpec,
  image: Image,
  owner: string | undefined,
): Record<string, string> {
  return Object.fromEntries(
    [...spec.tmpfs, ...volumes(spec, image)].map((each) => [
      each.target,
      owner === undefined ? tmpfsText(each) : ownedBy(owner, each),
    ]),
  );
}

function volumes(
  { tmpfs, mounts, memory }: MemorySpec,
  image: Image,
): CheckedTmpfs[] {
  const taken = new Set([...tmpfs, ...mounts].map(({ target }) => target));
  return image.volumes.map(normalPath).filter((target) => !taken.has(target))
    .map((target) => {
      checkMountTarget(target, "the image's volume");
      return completeTmpfs(target, parseTmpfsOptions("", "tmpfs"), memory);
    });
}

/**
 * runc up to 1.1 gives a folder in memory the mode of the image's own one,
 * whatever mode is asked for, so that its owner has to be whom programs run as.
 */
function ownedBy(user: string, tmpfs: CheckedTmpfs): string {
  const [uid, gid] = user.split(":").map(Number);
  const isNumber = (id: number | undefined) => Number.isInteger(id);
  return tmpfsText({
    ...tmpfs,
    uid: tmpfs.uid ?? (isNumber(uid) ? uid : undefined),
    gid: tmpfs.gid ?? (isNumber(gid) ? gid : undefined),
  });
}
