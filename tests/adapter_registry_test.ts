import {
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  AdapterRegistry,
  RegistryError,
  type RegistryErrorCode,
} from "../registry.ts";

/** A port as small as can be. */
interface Greeter {
  readonly greeting: unknown;
}

function registry(): AdapterRegistry<Greeter> {
  return new AdapterRegistry({
    name: "zu.tests",
    port: 3,
    exportName: "greeter",
  });
}

const GREETER = {
  port: 3,
  open: ({ greeting }: { greeting?: unknown }) => ({ greeting }),
};

async function fails(
  code: RegistryErrorCode,
  fn: () => Promise<unknown>,
): Promise<RegistryError> {
  const error = await assertRejects(fn, RegistryError);
  assertEquals(error.code, code, error.message);
  assertStringIncludes(error.message, "zu.tests");
  return error;
}

/** Runs with a folder that holds these files. */
async function withFiles(
  files: Record<string, string>,
  test: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  try {
    for (const [name, text] of Object.entries(files)) {
      await Deno.writeTextFile(`${folder}/${name}`, text);
    }
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("AdapterRegistry opens what was registered, with its options", async () => {
  const greeters = registry();
  assertEquals(greeters.names(), []);
  greeters.register("b", GREETER);
  greeters.register("a", {
    port: 3,
    open: (options) => Promise.resolve(GREETER.open(options)),
  });
  assertEquals(greeters.names(), ["a", "b"]);
  const options = { greeting: "hello" };
  assertEquals(await greeters.open("a", options), options);
  assertEquals(await greeters.open("b", options), options);
  assertEquals(await greeters.open("b"), { greeting: undefined });
});

Deno.test("AdapterRegistry names the adapters there are, and the nearest", async () => {
  const greeters = registry();
  const none = await fails("unknown_adapter", () => greeters.open("sqlite"));
  assertStringIncludes(none.message, "none is registered");
  greeters.register("jsonl", GREETER);
  greeters.register("sqlite", GREETER);
  const near = await fails("unknown_adapter", () => greeters.open("sqllite"));
  assertStringIncludes(near.message, "there are jsonl, sqlite");
  assertStringIncludes(near.message, 'Did you mean "sqlite"?');
  const far = await fails("unknown_adapter", () => greeters.open("postgres"));
  assertEquals(far.message.includes("Did you mean"), false);
});

Deno.test("AdapterRegistry refuses a second adapter of one name, and keeps the first", async () => {
  const greeters = registry();
  greeters.register("a", GREETER);
  const other = { port: 3, open: () => ({ greeting: "other" }) };
  const error = assertThrows(
    () => greeters.register("a", other),
    RegistryError,
  );
  assertEquals(error.code, "duplicate_adapter");
  assertEquals(await greeters.open("a", { greeting: 1 }), { greeting: 1 });
});

Deno.test("AdapterRegistry refuses an adapter of another major version of the port", () => {
  const greeters = registry();
  const error = assertThrows(
    () => greeters.register("a", { ...GREETER, port: 2 }),
    RegistryError,
    "version 2",
  );
  assertEquals(error.code, "port_mismatch");
  assertEquals(greeters.names(), []);
});

Deno.test("AdapterRegistry refuses what is no factory, and names that are specifiers", () => {
  const greeters = registry();
  for (const bad of [null, () => ({}), {}, { port: "3", open: () => ({}) }]) {
    const register = () => greeters.register("a", bad as never);
    const error = assertThrows(register, RegistryError);
    assertEquals(error.code, "not_an_adapter");
  }
  for (const name of ["", "./a.ts", "/a.ts", "../a.ts", "jsr:@a/b", "npm:a"]) {
    assertThrows(() => greeters.register(name, GREETER), TypeError);
  }
});

const FACTORY = "{ port: 3, open: ({ greeting }) => ({ greeting }) }";

Deno.test("AdapterRegistry imports an adapter from a local file, by path and by URL", async () => {
  const files = {
    "default.js": `export default ${FACTORY};`,
    "named.js": `export const greeter = ${FACTORY};`,
    "both.js": `export default 1; export const greeter = ${FACTORY};`,
    "a #%41.js": `export default ${FACTORY};`,
  };
  await withFiles(files, async (folder) => {
    const greeters = registry();
    const options = { greeting: "hello" };
    const base = new URL(`file://${folder}/`);
    for (const name of ["./default.js", "./named.js", "./both.js"]) {
      assertEquals(await greeters.open(name, options, { base }), options);
    }
    const config = `file://${folder}/config/main.json`;
    const up = await greeters.open("../named.js", options, { base: config });
    assertEquals(up, options);
    const path = `${folder}/default.js`;
    assertEquals(await greeters.open(path, options), options);
    assertEquals(await greeters.open(`file://${path}`, options), options);
    assertEquals(greeters.names(), [], "what was imported is not registered");
  });
});

Deno.test("AdapterRegistry imports relative to the working folder when not told", async () => {
  const folder = "a #b %41";
  await withFiles({}, async (root) => {
    await Deno.mkdir(`${root}/${folder}`);
    const file = `${root}/${folder}/greeter.js`;
    await Deno.writeTextFile(file, `export default ${FACTORY};`);
    const before = Deno.cwd();
    Deno.chdir(`${root}/${folder}`);
    try {
      const opened = await registry().open("./greeter.js", { greeting: 1 });
      assertEquals(opened, { greeting: 1 });
    } finally {
      Deno.chdir(before);
    }
  });
});

Deno.test("AdapterRegistry says what is wrong with a module", async () => {
  const files = {
    "empty.js": "export const other = 1;",
    "old.js": "export default { port: 2, open: () => ({}) };",
    "broken.js": "throw new Error('no good');",
  };
  await withFiles(files, async (folder) => {
    const greeters = registry();
    const from = { base: `file://${folder}/` };
    const open = (name: string) => () => greeters.open(name, {}, from);
    const none = await fails("not_an_adapter", open("./empty.js"));
    assertStringIncludes(none.message, '"greeter"');
    await fails("port_mismatch", open("./old.js"));
    const broken = await fails("import_failed", open("./broken.js"));
    assertInstanceOf(broken.cause, Error);
    assertStringIncludes(broken.message, "no good");
    await fails("import_failed", open("./missing.js"));
    const noBase = { base: "no url" };
    await fails("import_failed", () => greeters.open("./a.js", {}, noBase));
  });
});
