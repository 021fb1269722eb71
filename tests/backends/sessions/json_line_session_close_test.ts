import { assertEquals, assertRejects } from "@std/assert";
import { turns } from "./_fake_launcher.ts";
import { predecessor } from "./_fake_server.ts";
import { open, rejects } from "./_json_line_session_setup.ts";

Deno.test("JsonLineSession closes once, for all who close it, and turns away who waits", async () => {
  const order: string[] = [];
  const { server, session } = open(({ op }, server) => {
    order.push(String(op));
    if (op === "close") server.say({ closed: true });
  }, {
    onClose: () => {
      order.push("onClose");
      return Promise.resolve();
    },
  });
  const kill = server.onKill;
  server.onKill = () => {
    order.push("kill");
    return kill();
  };
  const flying = session.send({ op: "slow" });
  const queued = session.send({ op: "next" });
  await server.received(1);
  const closings = [session.close(), session.close()];
  assertEquals(session.isOpen, false);
  await Promise.all([
    rejects("closed", flying, "box", "was closed"),
    rejects("closed", queued, "was closed"),
    rejects("closed", session.send({ op: "later" }), "was closed"),
  ]);
  await Promise.all([...closings, session.close()]);
  assertEquals(order, ["slow", "close", "kill", "onClose"]);
});

Deno.test("JsonLineSession sends nothing but the close when it is closed at once", async () => {
  const { server, session } = open();
  const rejected = rejects("closed", session.send({ op: "never" }));
  const closing = session.close();
  await rejected;
  await turns();
  assertEquals(server.commands.map(({ op }) => op), ["close"]);
  server.exit();
  await closing;
});

Deno.test("JsonLineSession waits for the reply to its close, past late ones", async () => {
  const { server, session, seen } = open();
  const reply = session.send({ op: "slow" });
  await server.received(1);
  const closing = session.close();
  await rejects("closed", reply);
  await server.received(2);
  server.write('late\nnull\n{"late":true}\n');
  await server.reads;
  assertEquals([server.kills, seen.closes], [0, 0]);
  server.say({ id: server.commands[1]!.id });
  await closing;
  assertEquals([server.kills, seen.closes], [1, 1]);
});

Deno.test("JsonLineSession waits only so long for a server that does not answer its close", async () => {
  const { server, session, seen } = open(undefined, { closeTimeoutMs: 1 });
  await session.close();
  assertEquals(server.commands.map(({ op }) => op), ["close"]);
  assertEquals([server.kills, seen.closes], [1, 1]);
});

Deno.test("JsonLineSession does not wait for a server that ends instead of answering", async () => {
  const { session, seen } = open((_, server) => void server.exit());
  await session.close();
  assertEquals(seen.closes, 1);
});

Deno.test("JsonLineSession ends its sandbox though its program cannot be killed", async () => {
  const { server, session, seen } = open(predecessor);
  server.onKill = () => {
    server.exit();
    return Promise.reject(new Error("no engine"));
  };
  await assertRejects(() => session.close(), Error, "no engine");
  await assertRejects(() => session.close(), Error, "no engine");
  assertEquals([server.kills, seen.closes], [1, 1]);
});

Deno.test("JsonLineSession ends its sandbox though killing its program takes for ever", async () => {
  const { server, session, seen } = open(undefined, { closeTimeoutMs: 1 });
  server.onKill = () => new Promise(() => {});
  await session.close();
  assertEquals(seen.closes, 1);
  assertEquals(server.cancelled, ["stdout", "stderr"]);
});

Deno.test("JsonLineSession tells those who close it that its sandbox could not be ended", async () => {
  const { server, session } = open(undefined, {
    onClose: () => Promise.reject(new Error("no engine")),
  });
  server.exit();
  // Nobody is told of a fault while nobody asks: no rejection goes unhandled.
  await rejects("closed", session.send({ op: "a" }), "exit code 0");
  await new Promise((resolve) => setTimeout(resolve));
  await assertRejects(() => session.close(), Error, "no engine");
});
