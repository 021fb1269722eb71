import { BackendError } from "../backend_error.ts";
import { quote } from "../files/file_paths.ts";
import { onHost, writeAll } from "../files/host_files.ts";
import { forwarderConfig } from "./image_config.ts";
import { findDeno, makeForwarderImage } from "./make_image.ts";
import { checkedRoot, forwarderDigest } from "./image_root.ts";

const USAGE =
  `usage: forwarder_image.ts [--image NAME] [--deno PATH] [--replace]
       forwarder_image.ts --tar FILE [--deno PATH] [--replace]

Makes the image of the forwarder of scoped egress, of the Deno that runs this, and
prints its name and id. Nothing is fetched.

  --image NAME  the image's name (default: localhost/zu-egress-forwarder:1)
  --deno PATH   another Deno, for this Linux with glibc
  --replace     replace another image of that name, or the file
  --tar FILE    contact no engine: write the root file system to FILE, and print
                the Dockerfile that makes an image of it
  --help        show this`;

/** What the script was asked for. */
export interface ForwarderFlags {
  readonly image?: string;
  readonly deno?: string;
  readonly tar?: string;
  readonly replace: boolean;
  readonly help: boolean;
}

/**
 * Reads the script's arguments.
 *
 * @param args The arguments.
 * @returns What they ask for, or what is wrong with them.
 */
export function parseForwarderFlags(
  args: readonly string[],
): ForwarderFlags | string {
  const values = new Map<string, string>();
  const switches = new Set<string>();
  const rest = [...args];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    const [, name = arg, given] = /^(--[a-z]+)=(.*)$/s.exec(arg) ?? [];
    if (name === "--replace" || name === "--help") {
      if (given !== undefined) return `${name} takes no value`;
      switches.add(name);
    } else if (["--image", "--deno", "--tar"].includes(name)) {
      const value = given ?? rest.shift();
      if (value === undefined || value === "" || value.startsWith("--")) {
        return `${name} needs a value`;
      }
      if (values.has(name)) return `${name} is given twice`;
      values.set(name, value);
    } else return `there is no flag ${quote(arg)}`;
  }
  const [image, deno, tar] = ["--image", "--deno", "--tar"]
    .map((name) => values.get(name));
  if (image !== undefined && tar !== undefined) {
    return "--image is of no use with --tar: the Dockerfile's user says the name";
  }
  return {
    ...(image !== undefined && { image }),
    ...(deno !== undefined && { deno }),
    ...(tar !== undefined && { tar }),
    replace: switches.has("--replace"),
    help: switches.has("--help"),
  };
}

/**
 * Makes the forwarder's image as a program.
 *
 * @param args The program's arguments.
 * @returns Its exit code: 0, 1 if it failed, 2 for bad arguments, 130 if it was
 * interrupted.
 */
export async function runForwarderScript(
  args: readonly string[],
): Promise<number> {
  const flags = parseForwarderFlags(args);
  if (typeof flags === "string") {
    console.error(`error: ${flags}\n\n${USAGE}`);
    return 2;
  }
  if (flags.help) {
    console.log(USAGE);
    return 0;
  }
  const controller = new AbortController();
  const { signal } = controller;
  const interrupt = () => controller.abort();
  Deno.addSignalListener("SIGINT", interrupt);
  try {
    if (flags.tar !== undefined) await writeTar(flags.tar, flags, signal);
    else {
      const { image, id, made } = await makeForwarderImage({
        ...flags,
        signal,
      });
      if (!made) console.error("It was there already, made of the same files:");
      console.log(`${image} ${id}`);
    }
    return 0;
  } catch (error) {
    if (signal.aborted && error === signal.reason) {
      console.error("Interrupted: nothing was left.");
      return 130;
    }
    if (!(error instanceof BackendError)) throw error;
    console.error(`error: ${error.message}`);
    return error.code === "spec_refused" ? 2 : 1;
  } finally {
    Deno.removeSignalListener("SIGINT", interrupt);
  }
}

/** Writes the root file system to a file, and prints what makes an image of it. */
async function writeTar(
  path: string,
  { deno, replace }: ForwarderFlags,
  signal: AbortSignal,
): Promise<void> {
  const program = await findDeno(deno);
  const digest = await forwarderDigest(program, signal);
  const what = `write ${quote(path)}`;
  const how = replace ? { create: true, truncate: true } : { createNew: true };
  const file = await onHost(
    what,
    () => Deno.open(path, { write: true, ...how }),
  );
  try {
    for await (const bytes of checkedRoot(program, digest)) {
      signal.throwIfAborted();
      await onHost(what, () => writeAll(file, bytes));
    }
  } catch (error) {
    await onHost(`remove ${quote(path)}`, () => Deno.remove(path));
    throw error;
  } finally {
    file.close();
  }
  const name = path.slice(path.lastIndexOf("/") + 1);
  const lines = [
    `ADD ${JSON.stringify([name, "/"])}`,
    ...forwarderConfig(digest),
  ];
  console.log(["FROM scratch", ...lines].join("\n"));
}
