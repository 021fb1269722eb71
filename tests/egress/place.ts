/** A command of an attacker, and what it is given. */
export interface RunInPlace {
  /** What it reads. */
  readonly stdin?: string;
  /**
   * Whom it runs as.
   * @default {"65534:65534"}
   */
  readonly user?: "0:0";
  /**
   * How long it may take, in milliseconds.
   * @default {15_000}
   */
  readonly timeoutMs?: number;
}

/** How a command ended. */
export interface Ran {
  /** Its exit code; null if it was ended. */
  readonly code: number | null;
  /** What it wrote, errors included. */
  readonly output: string;
  readonly durationMs: number;
}

/** Where an attacker is: in the sandbox, or where nothing is in the way. */
export interface Place {
  readonly kind: "control" | "sandbox";
  /** Runs a command to its end; that it fails is for the caller to see. */
  run(argv: readonly string[], options?: RunInPlace): Promise<Ran>;
}

/** How long a command may take, where nobody says otherwise. */
export const COMMAND_TIMEOUT_MS = 15_000;

/** Runs a line of shell. */
export function sh(
  place: Place,
  line: string,
  options?: RunInPlace,
): Promise<Ran> {
  return place.run(["sh", "-c", line], options);
}

/** Runs a program of `client/` under Deno, with arguments. */
export async function client(
  place: Place,
  name: string,
  args: readonly (string | number)[],
  options: Omit<RunInPlace, "stdin"> = {},
): Promise<Ran> {
  const url = new URL(`./client/${name}.ts`, import.meta.url);
  // The program comes as its input, so that an image need not be made anew for it.
  const stdin = await Deno.readTextFile(url);
  const flags = ["--no-prompt", "--quiet", "--unstable-net", "-A"];
  return await place.run(
    ["deno", "run", ...flags, "-", ...args.map(String)],
    { ...options, stdin },
  );
}
