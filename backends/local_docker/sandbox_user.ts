import { BackendError } from "../backend_error.ts";
import { HOLDER_USER, OTHER_HOLDER_USER, userName } from "./holder.ts";
import type { Image } from "./image.ts";
import type { Inside } from "./inside.ts";

/** Whom programs run as where nobody says, and the image says root. */
export const UNPRIVILEGED = "65534:65534";

/** Whom programs in a sandbox run as. */
export interface SandboxUser {
  /** Whom they are to run as, so far as is known before the launch. */
  readonly asked: string;
  /** Somebody else, whom programs cannot reach. */
  readonly apart: string;
  /** Whom the process that waits runs as: that one, wherever possible. */
  readonly holder: string;
  /**
   * Whom they run as, after a look into the image: a name may stand for root.
   *
   * @param inside What was seen.
   * @param isRunning Whether a command already runs as this user.
   * @throws {BackendError} `start_failed`, for a name that the image does not
   * know, and for root by another name.
   */
  resolve(inside: Inside | undefined, isRunning: boolean): string;
}

/**
 * Chooses whom programs run as: whoever is asked for, or the image's own user
 * where that is not root, or an unprivileged one.
 */
export function chooseUser(
  asked: string | undefined,
  image: Image,
  capAdd: readonly string[],
): SandboxUser {
  const isImages = asked === undefined && !isRoot(image.user);
  // By its number, root is there in an image without a list of users, too.
  const named = asked === "root" ? "0" : asked;
  const user = named ?? (isImages ? imageUser(image) : UNPRIVILEGED);
  const apart = idOf(user) === idOf(HOLDER_USER)
    ? OTHER_HOLDER_USER
    : HOLDER_USER;
  return {
    asked: user,
    apart,
    // The engine gives capabilities to programs that run later only if the first
    // one can have them, too.
    holder: isRoot(user) && capAdd.length > 0 ? user : apart,
    resolve(inside, isRunning) {
      if (inside !== undefined && userName(user) && !inside.named) {
        throw unknown(user);
      }
      if (`${inside?.named?.uid}` === idOf(apart)) throw taken(user, apart);
      if (inside?.named?.uid !== 0 || isRoot(user)) return user;
      if (isImages && !isRunning) return UNPRIVILEGED;
      throw new BackendError(
        "start_failed",
        `Cannot launch: the user "${user}" is root in this image, and root has to ` +
          'be asked for by name. Ask for "root", or for another user',
      );
    },
  };
}

function unknown(user: string): BackendError {
  return new BackendError(
    "start_failed",
    `Cannot launch: the image has no user "${user}" in its /etc/passwd. Ask for ` +
      "one that it has, or for a number",
  );
}

/** The process that waits would not be apart from those of that user. */
function taken(user: string, apart: string): BackendError {
  return new BackendError(
    "start_failed",
    `Cannot launch: the user "${user}" has the number ${idOf(apart)} in this ` +
      "image, which is needed for what guards the sandbox. Ask for another user",
  );
}

/** Of `name:group` or `uid:gid`, what stands before the colon. */
export function idOf(user: string): string {
  return user.split(":")[0]!;
}

/** Whether a user is root, by name or number; no user is root, too. */
function isRoot(user: string): boolean {
  const [name] = user.split(":");
  return name === "root" || /^0*$/.test(name!);
}

/** An image can say anything, and this goes into a shell's script. */
function imageUser({ user }: Image): string {
  if (
    /^[A-Za-z0-9_][A-Za-z0-9_.-]*(?::[A-Za-z0-9_][A-Za-z0-9_.-]*)?$/.test(user)
  ) {
    return user;
  }
  throw new BackendError(
    "start_failed",
    `Cannot launch: the image's user ${
      JSON.stringify(user)
    } is no user. Say whom ` +
      "programs are to run as with the spec's user",
  );
}
