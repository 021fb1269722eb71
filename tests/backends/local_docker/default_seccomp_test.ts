import { assertEquals } from "@std/assert";
import { defaultSeccomp } from "../../../backends/local_docker/default_seccomp.ts";
import type { Engine } from "../../../backends/local_docker/engine.ts";
import { readSeccomp } from "../../../backends/spec/seccomp_check.ts";

function engineOf(minor: number, isPodman = false): Engine {
  return {
    isPodman: () => Promise.resolve(isPodman),
    isBelow: (_major: number, bound: number) => Promise.resolve(minor < bound),
  } as unknown as Engine;
}

Deno.test("defaultSeccomp leaves engines alone whose own profile is as strict", async () => {
  assertEquals(await defaultSeccomp(engineOf(42)), undefined);
  assertEquals(await defaultSeccomp(engineOf(41, true)), undefined);
});

Deno.test("defaultSeccomp allows no call that a spec's profile could not", async () => {
  const profile = (await defaultSeccomp(engineOf(41)))!;
  assertEquals(
    JSON.parse(readSeccomp(profile)).syscalls.length > 0,
    true,
  );
});

Deno.test("defaultSeccomp allows no socket that leads past the network, and no way around", async () => {
  const { syscalls } = JSON.parse((await defaultSeccomp(engineOf(41)))!) as {
    syscalls: {
      names: string[];
      action: string;
      args?: { value: number; op: string }[];
    }[];
  };
  const holds = (
    family: number,
    { value, op }: { value: number; op: string },
  ) =>
    ({
      SCMP_CMP_LT: family < value,
      SCMP_CMP_EQ: family === value,
      SCMP_CMP_GT: family > value,
    })[op];
  const isAllowed = (call: string, family: number) =>
    syscalls.some(({ names, action, args = [] }) =>
      names.includes(call) && action === "SCMP_ACT_ALLOW" &&
      args.every((arg) => holds(family, arg))
    );
  const refused = Array.from({ length: 64 }, (_, family) => family)
    .filter((family) => !isAllowed("socket", family));
  assertEquals(refused, [38, 40]); // AF_ALG, AF_VSOCK
  for (const call of ["socketcall", "io_uring_setup", "unshare", "setns"]) {
    assertEquals(isAllowed(call, 2), false, call);
  }
});
