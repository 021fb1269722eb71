import { assert, assertEquals, assertRejects } from "@std/assert";
import { BackendError } from "../../../backends/mod.ts";
import { checkEngine } from "../../../backends/local_docker/check_engine.ts";
import { Engine } from "../../../backends/local_docker/engine.ts";
import { Readable } from "node:stream";

/** An engine that says something of itself, and does nothing else. */
function engineSaying(info: Readonly<Record<string, unknown>>): Engine {
  return new Engine(() =>
    Promise.resolve({
      modem: {
        dial: (_options, callback) =>
          callback(
            null,
            Readable.from([new TextEncoder().encode(JSON.stringify(info))]),
          ),
      },
    })
  );
}

const ABLE = {
  MemoryLimit: true,
  SwapLimit: true,
  CpuCfsQuota: true,
  PidsLimit: true,
  SecurityOptions: ["name=apparmor", "name=seccomp,profile=default"],
};

Deno.test("checkEngine takes an engine that can apply every guard", async () => {
  await checkEngine(engineSaying(ABLE));
  const own = ["name=seccomp,profile=/etc/docker/seccomp.json"];
  await checkEngine(engineSaying({ ...ABLE, SecurityOptions: own }));
});

const LACKS: readonly [string, Readonly<Record<string, unknown>>][] = [
  ["memory", { MemoryLimit: false }],
  ["memory", { MemoryLimit: undefined }],
  ["swap", { SwapLimit: false }],
  ["processors", { CpuCfsQuota: false }],
  ["processes", { PidsLimit: false }],
  ["system calls", { SecurityOptions: null }],
  ["system calls", { SecurityOptions: ["name=rootless"] }],
  ["system calls", { SecurityOptions: ["name=seccomp,profile=unconfined"] }],
];

for (const [what, said] of LACKS) {
  Deno.test(`checkEngine refuses one that says ${JSON.stringify(said)}`, async () => {
    const { code, message } = await assertRejects(
      () => checkEngine(engineSaying({ ...ABLE, ...said })),
      BackendError,
    );
    assertEquals(code, "start_failed");
    assert(message.includes(what), message);
  });
}

Deno.test("checkEngine names all that an engine lacks, as a rootless Docker on cgroup v1", async () => {
  const rootless = {
    MemoryLimit: false,
    SwapLimit: false,
    CpuCfsQuota: false,
    PidsLimit: false,
    SecurityOptions: ["name=seccomp,profile=default", "name=rootless"],
  };
  const { message } = await assertRejects(
    () => checkEngine(engineSaying(rootless)),
    BackendError,
  );
  assert(/memory.*swap.*processors.*processes/.test(message), message);
});
