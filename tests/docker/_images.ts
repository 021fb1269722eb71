// Images made of the host's own programs, since there is no registry to ask.
import { Buffer } from "node:buffer";
import {
  archiveEnd,
  entryHead,
  entryTail,
} from "../../backends/files/tar_write.ts";
import type { DockerClient } from "../../backends/local_docker_backend.ts";

/** What an image is made of. */
interface Recipe {
  readonly name: string;
  /** Files of the host, by their paths in the image. */
  readonly files?: Readonly<Record<string, string>>;
  readonly texts?: Readonly<Record<string, string>>;
  readonly links?: Readonly<Record<string, string>>;
  /** Programs of the host that need its libraries; they go where they are. */
  readonly programs?: readonly string[];
  /** Lines of a Dockerfile. */
  readonly changes?: readonly string[];
  /** The mode of its `/tmp`, if it is not the usual one. */
  readonly tmpMode?: number;
}

const BUSYBOX_PATH = "/bin/busybox";
const PASSWD = `root:x:0:0::/root:/bin/sh
toor:x:0:0::/root:/bin/sh
app:x:1000:1000::/tmp:/bin/sh
`;

/** The programs of the host that are not there. */
export async function missingPrograms(): Promise<string[]> {
  const missing: string[] = [];
  for (const path of [BUSYBOX_PATH, "/bin/dash", "/bin/bash"]) {
    await Deno.stat(path).catch(() => missing.push(path));
  }
  return missing;
}

async function output(program: string, args: string[]): Promise<string> {
  const { stdout } = await new Deno.Command(program, { args }).output();
  return new TextDecoder().decode(stdout);
}

/** Every applet of busybox but itself, which its own link would overwrite. */
async function applets(): Promise<Record<string, string>> {
  const names = (await output(BUSYBOX_PATH, ["--list"])).trim().split("\n");
  return Object.fromEntries(
    names.filter((name) => name !== "busybox")
      .map((name) => [`bin/${name}`, "busybox"]),
  );
}

/** A program's libraries, as the loader finds them. */
async function librariesOf(program: string): Promise<string[]> {
  const found = await output("ldd", [program]);
  return [...found.matchAll(/(?:=> )?(\/\S+) \(/g)].map(([, path]) => path!);
}

async function busybox(
  name: string,
  changes: readonly string[] = [],
): Promise<Recipe> {
  return {
    name,
    files: { "bin/busybox": BUSYBOX_PATH },
    links: await applets(),
    texts: { "etc/passwd": PASSWD, "etc/group": "root:x:0:\napp:x:1000:\n" },
    changes,
  };
}

const RECIPES: readonly (() => Promise<Recipe>)[] = [
  () => busybox("busybox"),
  () => busybox("user-app", ["USER app", "ENV FROM_IMAGE=1"]),
  () => busybox("user-toor", ["USER toor"]),
  async () => ({ ...await busybox("strict-tmp"), tmpMode: 0o755 }),
  () => busybox("with-volume", ["VOLUME /data"]),
  // A shell that looks for its programs where it is told to, unlike busybox's own.
  async () => {
    const { "bin/sh": _, ...links } = await applets();
    return {
      name: "dash-tools",
      files: { "bin/busybox": BUSYBOX_PATH },
      links,
      programs: ["/bin/dash"],
    };
  },
  // A shell of another make, and nothing else: not even sleep.
  () => Promise.resolve({ name: "dash-only", programs: ["/bin/dash"] }),
  () => Promise.resolve({ name: "bash-only", programs: ["/bin/bash"] }),
  () =>
    Promise.resolve({
      name: "no-shell",
      files: { "bin/sleep": BUSYBOX_PATH, "bin/cat": BUSYBOX_PATH },
    }),
];

/** The names that the images are made under. */
export const IMAGES = {
  busybox: "localhost/zu-test/busybox:1",
  userApp: "localhost/zu-test/user-app:1",
  userToor: "localhost/zu-test/user-toor:1",
  strictTmp: "localhost/zu-test/strict-tmp:1",
  withVolume: "localhost/zu-test/with-volume:1",
  dashTools: "localhost/zu-test/dash-tools:1",
  dashOnly: "localhost/zu-test/dash-only:1",
  bashOnly: "localhost/zu-test/bash-only:1",
  noShell: "localhost/zu-test/no-shell:1",
  /** Made by _forwarder.ts, when it is needed. */
  forwarder: "localhost/zu-test/forwarder:1",
} as const;

/**
 * Makes those images that the engine has not.
 *
 * @param only The names of some of them, if not all are wanted.
 */
export async function makeImages(
  client: DockerClient,
  only?: readonly string[],
): Promise<void> {
  for (const make of RECIPES) {
    const recipe = await make();
    const name = `localhost/zu-test/${recipe.name}`;
    if (only !== undefined && !only.includes(`${name}:1`)) continue;
    if (await hasImage(client, `${name}:1`)) continue;
    await importImage(
      client,
      name,
      await archive(recipe),
      recipe.changes ?? [],
    );
  }
}

/** Makes an image like the usual one that is nobody else's, and can be removed. */
export async function makeOwnImage(
  client: DockerClient,
  name: string,
): Promise<string> {
  const repo = `localhost/zu-test/${name}`;
  const recipe = await busybox(name);
  // Another label, and it is another image, though its files are the same.
  const changes = [`LABEL own=${name}`];
  await importImage(client, repo, await archive(recipe), changes);
  return `${repo}:1`;
}

async function archive(recipe: Recipe): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  const folders = new Set<string>();
  const add = (
    path: string,
    type: "file" | "directory" | "symlink",
    mode: number,
    body = new Uint8Array(0),
    link = "",
  ) => {
    const at = path.lastIndexOf("/");
    if (at > 0) addFolder(path.slice(0, at));
    const size = body.length;
    parts.push(...entryHead({ path, type, size, mode, mtime: 0, link }));
    parts.push(body, entryTail(size));
  };
  const addFolder = (path: string) => {
    if (folders.has(path)) return;
    folders.add(path);
    const { tmpMode = 0o1777 } = recipe;
    add(path, "directory", path === "tmp" ? tmpMode : 0o755);
  };
  addFolder("tmp");
  const { files = {}, links = {}, texts = {}, programs = [] } = recipe;
  for (const [path, source] of Object.entries(files)) {
    add(path, "file", 0o755, await Deno.readFile(source));
  }
  for (const [path, text] of Object.entries(texts)) {
    add(path, "file", 0o644, new TextEncoder().encode(text));
  }
  for (const [path, link] of Object.entries(links)) {
    add(path, "symlink", 0o777, new Uint8Array(0), link);
  }
  for (const program of programs) {
    add("bin/sh", "file", 0o755, await Deno.readFile(program));
    for (const library of await librariesOf(program)) {
      add(library.slice(1), "file", 0o755, await Deno.readFile(library));
    }
  }
  parts.push(archiveEnd());
  return new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
}

function dial(
  client: DockerClient,
  options: Parameters<DockerClient["modem"]["dial"]>[0],
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    client.modem.dial(options, (error, data) => {
      if (error) reject(error);
      else resolve(data);
    });
  });
}

async function hasImage(client: DockerClient, name: string): Promise<boolean> {
  const request = { method: "GET", path: `/images/${name}/json` };
  const statusCodes = { 200: true } as const;
  return await dial(client, { ...request, statusCodes })
    .then(() => true, () => false);
}

async function importImage(
  client: DockerClient,
  repo: string,
  tar: Uint8Array,
  changes: readonly string[],
): Promise<void> {
  const query = new URLSearchParams({ fromSrc: "-", repo: `${repo}:1` });
  for (const change of changes) query.append("changes", change);
  await dial(client, {
    method: "POST",
    // The modem cuts one character off what ends in a query.
    path: `/images/create?${query}&`,
    file: Buffer.from(tar),
    statusCodes: { 200: true },
  });
}
