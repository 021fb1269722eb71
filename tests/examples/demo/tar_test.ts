import { assertEquals } from "@std/assert";
import { packTar } from "../../../examples/demo/tar.ts";

const text = (value: string) => new TextEncoder().encode(value);

Deno.test({
  name: "packTar makes what tar reads: files, folders and links",
  ignore: Deno.build.os === "windows",
  async fn() {
    const folder = await Deno.makeTempDir();
    try {
      const body = text("a".repeat(1_000));
      await Deno.writeFile(
        `${folder}/a.tar`,
        packTar([
          { path: "bin/", type: "folder", mode: 0o755 },
          { path: "bin/tool", type: "file", mode: 0o755, body },
          { path: "bin/empty", type: "file", mode: 0o600 },
          { path: "bin/link", type: "link", mode: 0o777, target: "tool" },
        ]),
      );
      const args = ["-xf", "a.tar"];
      const { code, stderr } = await new Deno.Command("tar", {
        args,
        cwd: folder,
      }).output();
      assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
      assertEquals(await Deno.readFile(`${folder}/bin/tool`), body);
      assertEquals(await Deno.readLink(`${folder}/bin/link`), "tool");
      const modeOf = async (name: string) =>
        ((await Deno.stat(`${folder}/bin/${name}`)).mode ?? 0) & 0o777;
      assertEquals([await modeOf("tool"), await modeOf("empty")], [
        0o755,
        0o600,
      ]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test("packTar makes the same bytes of the same entries, in whole blocks", () => {
  for (const size of [0, 1, 511, 512, 513]) {
    const entry = {
      path: "a",
      type: "file",
      mode: 0o644,
      body: new Uint8Array(size),
    } as const;
    const archive = packTar([entry]);
    assertEquals(archive, packTar([entry]));
    assertEquals(archive.length, 512 * (3 + Math.ceil(size / 512)));
  }
});
