// Sandboxes with scoped egress, on a fake engine.
import { assertEquals, assertRejects } from "@std/assert";
import { BackendError, type LaunchSpec } from "../../../backends/mod.ts";
import type { FakeContainer } from "../../fakes/fake_engine/fake_container.ts";
import type { FakeEngine } from "../../fakes/fake_engine/fake_engine.ts";
import { isJson, type Json } from "../../fakes/fake_engine/http_request.ts";
import { backendFor, IMAGE } from "./_fake_backend.ts";
import { withEnv } from "./_with_env.ts";

/** The image of the forwarder. */
export const FORWARDER = "localhost/zu-egress-forwarder:1";

/** A spec whose sandbox may reach one host. */
export const SPEC: LaunchSpec = {
  image: IMAGE,
  network: { egress: { allow: ["allowed.example"] } },
};

/** A backend that grants scoped egress, and dials nobody. */
export function egressBackend(
  engine: FakeEngine,
  options: Parameters<typeof backendFor>[1] = {},
): ReturnType<typeof backendFor> {
  return backendFor(engine, {
    ...options,
    egress: { resolve: () => Promise.resolve([]), ...options.egress },
  });
}

/** Fails with a code, and says the whole error. */
export async function failsWith(
  code: string | readonly string[],
  fn: () => Promise<unknown>,
): Promise<BackendError> {
  const error = await assertRejects(fn, BackendError);
  const codes: readonly string[] = typeof code === "string" ? [code] : code;
  assertEquals(codes.includes(error.code), true, `${error.code}: ${error}`);
  return error;
}

/**
 * Runs something with a folder of temporary files of its own, and sees that there
 * is nothing in it afterwards.
 */
export async function inOwnFolder(
  run: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await withEnv({ TMPDIR: folder }, () => run(folder));
    assertEquals(names(folder), []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The folders of sockets that are there. */
export function socketFolders(folder: string): string[] {
  return names(folder).filter((name) => name.startsWith("zu-egress-"));
}

/** What an engine was asked to create, in order. */
export function created(engine: FakeEngine): (Json & { HostConfig: Json })[] {
  return engine.requests.filter(({ path }) => path === "/containers/create")
    .map(({ body }) => body as Json & { HostConfig: Json });
}

/** The forwarder and the sandbox of an engine that has one of each. */
export function pair(
  engine: FakeEngine,
): { forwarder: FakeContainer; sandbox: FakeContainer } {
  const [forwarder, sandbox, ...others] = engine.containers;
  if (forwarder === undefined || sandbox === undefined || others.length > 0) {
    throw new Error(`There are ${engine.containers.length} containers`);
  }
  return { forwarder, sandbox };
}

/** An answer of the engine about a container, with another host configuration. */
export function withHostConfig(json: unknown, changed: Json): unknown {
  if (!isJson(json) || !isJson(json["HostConfig"])) return json;
  return { ...json, HostConfig: { ...json["HostConfig"], ...changed } };
}

function names(folder: string): string[] {
  return Array.from(Deno.readDirSync(folder), ({ name }) => name);
}
