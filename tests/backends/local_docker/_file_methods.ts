// Every method of a sandbox's files, as it is tried under faults.
import { assertEquals } from "@std/assert";
import {
  archiveEnd,
  entryHead,
  entryTail,
} from "../../../backends/files/tar_write.ts";
import type { FaultWorld } from "./_fault_world.ts";
import { type Method, STARTED } from "./_backend_methods.ts";

const OLD = "what was there";
const NEW = "what is written ".repeat(20_000);

function at({ folder }: FaultWorld, name: string): string {
  return `${folder}/${name}`;
}

/** A folder with one file, as when nothing was tried yet. */
async function renew(world: FaultWorld): Promise<void> {
  for await (const { name } of Deno.readDir(world.folder)) {
    await Deno.remove(at(world, name), { recursive: true });
  }
  await Deno.mkdir(at(world, "from"));
  await Deno.writeTextFile(at(world, "from/file"), OLD);
}

/** All of the new, or all of the old: the one that was written, or that was there. */
async function assertWhole(world: FaultWorld, isWritten: boolean) {
  const found = await Deno.readTextFile(at(world, "from/file"));
  if (isWritten) assertEquals(found.length, NEW.length);
  assertEquals(
    [OLD, NEW].includes(found),
    true,
    "it is neither the one nor the other",
  );
}

function method(
  use: (world: FaultWorld) => Promise<void>,
): Method {
  return {
    before: renew,
    use,
    // An archive that breaks off is one that is not as it should be.
    codes: [...STARTED, "file_refused"],
  };
}

function writing(
  data: () => string | ReadableStream<Uint8Array>,
): Method {
  return method(async (world) => {
    const { files, signal } = world;
    try {
      await files.write(at(world, "from/file"), data(), { signal });
    } catch (error) {
      await assertWhole(world, false);
      throw error;
    }
    await assertWhole(world, true);
  });
}

function tar(): ReadableStream<Uint8Array> {
  const body = new TextEncoder().encode(OLD);
  const entry = {
    path: "a",
    type: "file",
    mode: 0o644,
    mtime: 0,
    link: "",
  } as const;
  return ReadableStream.from([
    ...entryHead({ ...entry, size: body.length }),
    body,
    entryTail(body.length),
    archiveEnd(),
  ]);
}

/** The methods by their names. */
export const FILE_METHODS: Readonly<Record<string, Method>> = {
  "files.read": method(async (world) => {
    const { files, signal } = world;
    const bytes = await files.read(at(world, "from/file"), { signal });
    assertEquals(new TextDecoder().decode(bytes), OLD);
  }),
  "files.write": writing(() => NEW),
  "files.write of a stream": writing(() => new Blob([NEW]).stream()),
  "files.stat": method(async (world) => {
    const { size } = await world.files.stat(at(world, "from/file"));
    assertEquals(size, OLD.length);
  }),
  "files.list": method(async (world) => {
    const found = await world.files.list(at(world, "from"));
    assertEquals(found.map(({ name, size }) => [name, size]), [[
      "file",
      OLD.length,
    ]]);
  }),
  "files.remove": method(async (world) => {
    await world.files.remove(at(world, "from"), { recursive: true });
    assertEquals([...Deno.readDirSync(world.folder)], []);
  }),
  "files.makeFolder": method(async (world) => {
    await world.files.makeFolder(at(world, "made"));
    assertEquals((await Deno.stat(at(world, "made"))).isDirectory, true);
  }),
  "files.upload": method(async (world) => {
    await world.files.upload(at(world, "from"), tar());
    assertEquals(await Deno.readTextFile(at(world, "from/a")), OLD);
  }),
  "files.download": method(async (world) => {
    const bytes = await new Response(world.files.download(at(world, "from")))
      .bytes();
    assertEquals(bytes.length % 512, 0);
    assertEquals(new TextDecoder().decode(bytes).includes(OLD), true);
  }),
  "files.uploadFrom": method(async (world) => {
    const to = at(world, "to");
    await world.files.uploadFrom(at(world, "from"), to, { parents: true });
    assertEquals(await Deno.readTextFile(`${to}/file`), OLD);
  }),
  "files.downloadTo": method(async (world) => {
    const to = at(world, "to");
    try {
      await world.files.downloadTo(at(world, "from"), to);
    } catch (error) {
      // All of it, or nothing.
      const left = await Deno.stat(`${to}/file`).catch(() => undefined);
      assertEquals(left, undefined);
      throw error;
    }
    assertEquals(await Deno.readTextFile(`${to}/file`), OLD);
  }),
};

/** One method for each way that bytes go; the others go like one of them. */
export const FILE_WAYS: readonly string[] = [
  "files.read",
  "files.write of a stream",
  "files.downloadTo",
];
