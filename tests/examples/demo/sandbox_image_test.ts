import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { BackendError } from "@zu/backends/backends";
import type { EngineClient } from "../../../examples/demo/engine_client.ts";
import { makeImage } from "../../../examples/demo/sandbox_image.ts";
import { elfHeaders } from "./_programs.ts";

/** An engine that imports, or does not, and what it was given. */
class FakeClient implements EngineClient {
  readonly images = new Set<string>();
  readonly imported: string[] = [];
  bytes = 0;
  takes = true;
  status = 404;

  getImage(name: string) {
    return {
      inspect: () => {
        if (this.images.has(name)) return Promise.resolve({});
        const error = Object.assign(new Error(`status ${this.status}`), {
          statusCode: this.status,
        });
        return Promise.reject(error);
      },
    };
  }

  async importImage(
    archive: AsyncIterable<Uint8Array>,
    { repo, tag }: { repo: string; tag: string },
  ) {
    for await (const { length } of archive) this.bytes += length;
    this.imported.push(`${repo}:${tag}`);
    if (this.takes) this.images.add(`${repo}:${tag}`);
    return chunks(this.takes ? "{}" : '{"error":"no space"}\n');
  }

  info() {
    return Promise.resolve({ OperatingSystem: "none" });
  }

  listContainers() {
    return Promise.resolve([]);
  }
}

async function* chunks(text: string) {
  for (const byte of new TextEncoder().encode(text)) {
    yield Uint8Array.of(byte);
  }
}

async function withPrograms(
  use: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeFile(`${folder}/static`, elfHeaders(1));
    await Deno.writeFile(`${folder}/other`, elfHeaders(1, 1));
    await Deno.writeFile(`${folder}/dynamic`, elfHeaders(3, 1));
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("makeImage imports an image once, named after what it is made of", async () => {
  await withPrograms(async (folder) => {
    const client = new FakeClient();
    const name = await makeImage(client, [`${folder}/static`]);
    assert(/^localhost\/zu-demo:[0-9a-f]{12}$/.test(name), name);
    assertEquals(await makeImage(client, [`${folder}/static`]), name);
    assertEquals(client.imported, [name]);
    // Ten blocks: the program's, seven more headers but its own, and the end.
    assertEquals(client.bytes, 512 * 10);
    const other = await makeImage(client, [`${folder}/other`]);
    assert(other !== name);
  });
});

Deno.test("makeImage takes the first busybox that needs no libraries", async () => {
  await withPrograms(async (folder) => {
    const client = new FakeClient();
    const names = ["missing", "dynamic", "static", "other"];
    const places = names.map((name) => `${folder}/${name}`);
    const name = await makeImage(client, places);
    assertEquals(await makeImage(client, [`${folder}/static`]), name);
  });
});

Deno.test("makeImage says where there should be a busybox, and imports nothing", async () => {
  await withPrograms(async (folder) => {
    const client = new FakeClient();
    const places = [`${folder}/missing`, `${folder}/dynamic`];
    const { code, message } = await assertRejects(
      () => makeImage(client, places),
      BackendError,
      places.join(" or "),
    );
    assertEquals(code, "unsupported");
    assertStringIncludes(message, "Install busybox-static");
    assertEquals(client.imported, []);
  });
});

Deno.test("makeImage tells what the engine has against the image", async () => {
  await withPrograms(async (folder) => {
    const full = new FakeClient();
    full.takes = false;
    const broken = new FakeClient();
    broken.status = 500;
    for (
      const [client, part] of [[full, "no space"], [broken, "500"]] as const
    ) {
      const { code } = await assertRejects(
        () => makeImage(client, [`${folder}/static`]),
        BackendError,
        part,
      );
      assertEquals(code, "image_unavailable");
    }
  });
});
