import { assertEquals } from "@std/assert";
import * as codec from "../../codec/mod.ts";

const FOLDER = new URL("../../codec/", import.meta.url);

Deno.test("codec/ exports its public names and no others", () => {
  assertEquals(Object.keys(codec).sort(), [
    "AesGcmCodec",
    "CodecError",
    "EnvKeyProvider",
    "IdentityCodec",
    "KEY_BLOBS_MAX",
    "KEY_BLOBS_WARN_AT",
    "ManagedAesGcmCodec",
    "ROW_AAD_SEPARATOR",
    "decodePayload",
    "encodePayload",
    "rowAad",
  ]);
});

Deno.test("codec/ imports nothing from outside its folder", () => {
  const outside: string[] = [];
  let files = 0;
  for (const { name } of Deno.readDirSync(FOLDER)) {
    if (!name.endsWith(".ts")) continue;
    files += 1;
    // Examples in comments import the package by its name.
    const source = Deno.readTextFileSync(new URL(name, FOLDER))
      .replace(/\/\*[\s\S]*?\*\//g, "");
    const specifiers = source.matchAll(/\b(?:from|import)\s*\(?\s*"([^"]+)"/g);
    for (const [, specifier = ""] of specifiers) {
      if (!/^\.\/[\w.]+$/.test(specifier)) {
        outside.push(`${name}: ${specifier}`);
      }
    }
  }
  assertEquals(outside, []);
  assertEquals(files > 10, true);
});

Deno.test("codec/ can be imported without any permission", async () => {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-config", `${FOLDER}mod.ts`],
    env: { NO_COLOR: "1" },
  }).output();
  assertEquals(new TextDecoder().decode(stderr).trim(), "");
  assertEquals(code, 0);
});
