import { assert, assertEquals } from "@std/assert";
import {
  BackendError,
  type BackendErrorCode,
  type RunStatus,
} from "../../../backends/mod.ts";
import { turns } from "./_fake_launcher.ts";
import { echo, predecessor } from "./_fake_server.ts";
import { open, rejects } from "./_json_line_session_setup.ts";

Deno.test("JsonLineSession does not take a line without its end for a reply", async () => {
  const { session, ended } = open((_, server) => {
    server.write('{"value":1}');
    server.exit({ exitCode: 7 });
  });
  await rejects("closed", session.send({ op: "a" }), "exit code 7");
  await ended;
});

Deno.test("JsonLineSession hands on a reply that its server sent as it ended", async () => {
  const { session } = open(async ({ id }, server) => {
    server.leave();
    await turns();
    server.say({ id, last: true });
    server.exit();
  });
  assertEquals(await session.send({ op: "a" }), { last: true });
  await session.close();
});

Deno.test("JsonLineSession waits for what its server says on stderr as it ends", async () => {
  const { session, ended } = open(async (_, server) => {
    server.leave({ exitCode: 3 });
    server.endOutput();
    await turns();
    server.complain("out of pages");
    server.exit();
  });
  await rejects("closed", session.send({ op: "a" }), "code 3", "out of pages");
  await ended;
});

Deno.test("JsonLineSession sends nothing to a server that is ending, and closes at once", async () => {
  const { server, session, seen } = open(echo);
  server.leave({ exitCode: 3 });
  await turns();
  assertEquals([session.isOpen, seen.closes], [false, 0]);
  const rejected = rejects("closed", session.send({ op: "never" }));
  await turns();
  await session.close();
  await rejected;
  assertEquals([server.commands.length, seen.closes], [0, 1]);
});

const ENDS: [string, Partial<RunStatus>, BackendErrorCode, string][] = [
  ["exits", { exitCode: 3 }, "closed", "exit code 3"],
  [
    "is killed",
    { exitCode: 137, signal: "SIGKILL" },
    "closed",
    "exit code 137 (SIGKILL)",
  ],
  ["has no memory left", { outcome: "oom" }, "closed", "memory"],
  ["is out of time", { outcome: "timeout" }, "closed", "time was up"],
  ["is ended by others", { outcome: "aborted" }, "closed", "from outside"],
  [
    "is ended with its sandbox",
    { outcome: "timeout", cleanup: "sandbox_killed" },
    "sandbox_gone",
    "time was up",
  ],
  ["loses its sandbox", { outcome: "sandbox_gone" }, "sandbox_gone", "gone"],
];

for (const [what, status, code, text] of ENDS) {
  Deno.test(`JsonLineSession says so when its server ${what}`, async () => {
    const { server, session, seen, ended } = open(({ id: _ }, server) => {
      server.complain(`${"x".repeat(5000)}old\n`);
      server.complain(`${"y".repeat(4000)} Error: out of pages\n`);
      server.exit(status);
    });
    const reply = session.send({ op: "goto" });
    const queued = session.send({ op: "next" });
    const [error] = await Promise.all([
      rejects(code, reply, "box", text, "out of pages"),
      rejects("closed", queued, text),
    ]);
    assert(error.message.length < 4500, "only the end of stderr is kept");
    const later = await rejects("closed", session.send({ op: "later" }), text);
    assertEquals(later.cause, error);
    await ended;
    await session.close();
    assertEquals([server.commands.length, seen.closes], [1, 1]);
  });
}

Deno.test("JsonLineSession notices a server that ends while nobody waits", async () => {
  const { server, session, ended } = open(predecessor);
  await session.send({ op: "eval" });
  server.exit({ exitCode: 1 });
  await ended;
  assertEquals(session.isOpen, false);
  await rejects("closed", session.send({ op: "eval" }), "exit code 1");
});

Deno.test("JsonLineSession ends with its server though a child holds the output open", async () => {
  const { session, ended } = open((_, server) => {
    server.complain("forked");
    server.leave({ exitCode: 2 });
  }, { endTimeoutMs: 1 });
  await rejects(
    "closed",
    session.send({ op: "a" }),
    "exit code 2",
    "forked",
  );
  await ended;
});

Deno.test("JsonLineSession ends when its server closes its output, and says that it runs on", async () => {
  const { server, session, ended } = open((_, server) => server.endOutput(), {
    endTimeoutMs: 1,
  });
  await rejects("closed", session.send({ op: "a" }), "has not ended");
  await ended;
  assertEquals(server.kills, 1);
});

Deno.test("JsonLineSession tells the cause when a stream breaks", async () => {
  const broken = new Error("connection reset");
  for (const end of ["breakOutput", "refuseInput"] as const) {
    const { server, session, ended } = open(undefined, { endTimeoutMs: 1 });
    server[end](broken);
    const error = await rejects("closed", session.send({ op: "a" }));
    await ended;
    const fault = error.cause instanceof BackendError ? error.cause : error;
    assertEquals(fault.cause, broken);
  }
});
