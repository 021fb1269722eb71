import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { JsonLineSession } from "../../../backends/sessions/json_line_session.ts";
import { turns } from "./_fake_launcher.ts";
import { type Answer, echo, FakeServer, predecessor } from "./_fake_server.ts";
import { open, rejects } from "./_json_line_session_setup.ts";

/** Answers a command only when it is told to. */
function slowly(): { answer: Answer; release: () => void } {
  const held: (() => void)[] = [];
  return {
    answer: (command, server) => {
      if (command.op === "slow") held.push(() => server.say(command));
      else server.say(command);
    },
    release: () => held.splice(0).forEach((say) => say()),
  };
}

Deno.test("JsonLineSession sends a command a line, and takes its own id out of the reply", async () => {
  const { server, session } = open(echo);
  const command = { op: "goto", text: "a\nb\u2028é𝄞", id: "mine" };
  const reply = session.send(command);
  command.op = "changed after the call";
  assertEquals(await reply, { op: "goto", text: "a\nb\u2028é𝄞" });
  await session.send({ op: "goto" });
  const [first, second] = server.commands;
  assert(first!.id !== "mine" && first!.id !== second!.id);
  await session.close();
});

Deno.test("JsonLineSession leaves an id that the server has of its own", async () => {
  const { session, server } = open((_, server) => server.say({ id: "tab-1" }));
  assertEquals(await session.send({ op: "open" }), { id: "tab-1" });
  assertEquals(await session.send({ op: "open" }), { id: "tab-1" });
  server.exit();
  await session.close();
});

Deno.test("JsonLineSession returns an error of the server as a reply", async () => {
  const { session } = open(({ id }, server) =>
    server.say({ id, error: "no such page" })
  );
  assertEquals(await session.send({ op: "goto" }), { error: "no such page" });
  await session.close();
});

Deno.test("JsonLineSession talks to a server that knows no ids", async () => {
  const { server, session, seen } = open(predecessor);
  {
    await using _ = session;
    assertEquals(await session.send({ op: "eval", value: 1 }), { value: 1 });
    assertEquals(await session.send({ op: "eval", value: 2 }), { value: 2 });
  }
  assertEquals(server.commands.at(-1)!.op, "close");
  assertEquals([server.kills, seen.closes], [1, 1]);
});

Deno.test("lesson 27: JsonLineSession sends one command at a time, in the order of the calls", async () => {
  let unanswered = 0;
  let most = 0;
  const { server, session } = open(({ op, value }, server) => {
    if (op === "close") return void server.exit();
    most = Math.max(most, ++unanswered);
    queueMicrotask(() => {
      unanswered--;
      server.say({ value });
    });
  });
  const values = Array.from({ length: 50 }, (_, value) => value);
  const replies = await Promise.all(
    values.map((value) => session.send({ op: "eval", value })),
  );
  assertEquals(replies.map(({ value }) => value), values);
  assertEquals(server.commands.map(({ value }) => value), values);
  assertEquals(most, 1);
  await session.close();
});

Deno.test("lesson 27: JsonLineSession drops a late reply by its id, and goes on", async () => {
  const { answer, release } = slowly();
  const { server, session } = open(answer);
  await session.send({ op: "quick", value: 0 });
  const late = session.send({ op: "slow", value: 1 }, { timeoutMs: 1 });
  await rejects("timeout", late, "box", "within 1 ms", "dropped");
  release();
  for (const value of [2, 3]) {
    assertEquals(await session.send({ op: "quick", value }), {
      op: "quick",
      value,
    });
  }
  // The late reply may also come between a command and its own reply.
  const controller = new AbortController();
  const { signal } = controller;
  const given = session.send({ op: "slow", value: 4 }, { signal });
  const next = session.send({ op: "slow", value: 5 });
  await server.received(5);
  controller.abort(new Error("enough"));
  await assertRejects(() => given, Error, "enough");
  assertEquals(session.isOpen, true);
  await server.received(6);
  release();
  assertEquals(await next, { op: "slow", value: 5 });
  await session.close();
});

Deno.test("lesson 27: JsonLineSession closes after a timeout if the server sends no ids back", async () => {
  const { server, session, seen, ended } = open(({ op }, server) => {
    if (op === "quick") server.say({ ok: true });
  });
  await session.send({ op: "quick" });
  const late = session.send({ op: "slow" }, { timeoutMs: 1 });
  const queued = session.send({ op: "quick" });
  await Promise.all([
    rejects("timeout", late, "box", "within 1 ms", "no ids"),
    rejects("closed", queued, "box", "lost step", "given up"),
  ]);
  await rejects("closed", session.send({ op: "quick" }), "lost step");
  assertEquals(session.isOpen, false);
  // Nobody has to close it for its sandbox to end.
  await ended;
  assertEquals([server.kills, seen.closes], [1, 1]);
  await session.close();
  assertEquals([server.kills, seen.closes], [1, 1]);
  assertEquals(server.commands.map(({ op }) => op), ["quick", "slow"]);
});

Deno.test("JsonLineSession never sends what is called off before its turn", async () => {
  const { answer, release } = slowly();
  const { server, session } = open(answer);
  const controller = new AbortController();
  const { signal } = controller;
  const first = session.send({ op: "slow" });
  const second = session.send({ op: "second" }, { signal });
  const third = session.send({ op: "third" });
  await server.received(1);
  controller.abort(new Error("enough"));
  await assertRejects(() => second, Error, "enough");
  const before = session.send({ op: "never" }, { signal });
  await assertRejects(() => before, Error, "enough");
  release();
  await Promise.all([first, third]);
  assertEquals(server.commands.map(({ op }) => op), ["slow", "third"]);
  await session.close();
});

Deno.test("JsonLineSession sends nothing if called off in the same step, and goes on", async () => {
  const { server, session } = open(predecessor);
  const controller = new AbortController();
  const { signal } = controller;
  const first = session.send({ op: "never" }, { signal });
  controller.abort(new Error("enough"));
  await assertRejects(() => first, Error, "enough");
  assertEquals(await session.send({ op: "eval", value: 1 }), { value: 1 });
  assertEquals(server.commands.map(({ op }) => op), ["eval"]);
  await session.close();
});

Deno.test("JsonLineSession takes an abort, or its close, at every step of an exchange", async () => {
  for (const action of ["abort", "close"]) {
    for (let steps = 0; steps < 40; steps++) {
      const { session } = open(echo);
      const controller = new AbortController();
      const { signal } = controller;
      const first = session.send({ value: 1 });
      const second = session.send({ value: 2 }, { signal });
      const outcomes = Promise.all(
        [first, second].map((reply) =>
          reply.then(({ value }) => value, (error) => error.code ?? error)
        ),
      );
      await turns(steps);
      if (action === "abort") controller.abort("aborted");
      else session.close();
      const [one, two] = await outcomes;
      const error = action === "abort" ? "aborted" : "closed";
      assert(one === 1 || one === error && action === "close");
      assert(two === 2 || two === error);
      if (action === "abort") {
        assertEquals(await session.send({ value: 3 }), { value: 3 });
      }
      await session.close();
    }
  }
});

Deno.test("JsonLineSession closes when a command in flight is called off, without ids", async () => {
  const { server, session, ended } = open();
  const controller = new AbortController();
  const reply = session.send({ op: "slow" }, { signal: controller.signal });
  await server.received(1);
  controller.abort(new Error("enough"));
  await assertRejects(() => reply, Error, "enough");
  await rejects("closed", session.send({ op: "next" }), "lost step");
  await ended;
  assertEquals(server.kills, 1);
});

Deno.test("lesson 35: JsonLineSession leaves no listener on a signal", async () => {
  const { answer, release } = slowly();
  const { server, session } = open(answer);
  const { signal } = new AbortController();
  let listeners = 0;
  let most = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...of: Parameters<typeof add>) => {
    most = Math.max(most, ++listeners);
    add(...of);
  };
  signal.removeEventListener = (...of: Parameters<typeof remove>) => {
    listeners--;
    remove(...of);
  };
  const first = session.send({ op: "slow" }, { signal });
  const second = session.send({ op: "quick" }, { signal });
  await server.received(1);
  release();
  await Promise.all([first, second]);
  assertEquals([most, listeners], [2, 0]);
  const late = session.send({ op: "slow" }, { signal, timeoutMs: 1 });
  const queued = session.send({ op: "slow" }, { signal });
  const rejected = rejects("closed", queued);
  await rejects("timeout", late);
  await server.received(4);
  const closing = session.close();
  await rejected;
  assertEquals(listeners, 0);
  await closing;
});

const BAD: Record<string, string | Uint8Array> = {
  "is no JSON": "Traceback (most recent call last):\n",
  "is a part of JSON": '{"a":\n',
  "is null": "null\n",
  "is an array": "[{}]\n",
  "is text": '"closed"\n',
  "is a number": "1\n",
  "is not UTF-8": new Uint8Array([123, 34, 255, 34, 58, 49, 125, 10]),
  "begins with a byte order mark": "\ufeff{}\n",
  "is two objects": "{}{}\n",
  "is too long": `{"a":"${"x".repeat(100)}"}\n`,
  "is too long and does not end": "x".repeat(101),
};

for (const [what, line] of Object.entries(BAD)) {
  Deno.test(`JsonLineSession closes when a line ${what}`, async () => {
    const { server, session, ended } = open(undefined, { lineBytesMax: 100 });
    const reply = session.send({ op: "goto" });
    await server.received(1);
    server.write(line);
    await rejects("protocol_error", reply, "box", "lost step");
    await rejects("closed", session.send({ op: "next" }), "lost step");
    await ended;
    assertEquals(server.kills, 1);
  });
}

Deno.test("lesson 27: JsonLineSession closes when a reply comes unasked", async () => {
  const { server, session, ended } = open(predecessor);
  await session.send({ op: "eval" });
  server.say({ value: "of nobody" });
  await ended;
  await rejects("closed", session.send({ op: "eval" }), "of nobody");
});

Deno.test("lesson 27: JsonLineSession does not take a second reply for the next command's", async () => {
  const { session, ended } = open((_, server) =>
    server.say({ value: 1 }, { value: "once more" })
  );
  const first = session.send({ op: "a" });
  const second = rejects("closed", session.send({ op: "b" }), "once more");
  assertEquals(await first, { value: 1 });
  await second;
  await ended;
});

Deno.test("JsonLineSession drops strange ids, and those that came before", async () => {
  const { session } = open((command, server) => {
    if (command.value === 1) return server.say(command);
    const strange = [7, "tab", {}, `${command.id}0`];
    server.say(
      ...strange.map((id) => ({ id, value: "strange" })),
      command,
      { ...command, value: "again" },
    );
  });
  for (const value of [1, 2, 3]) {
    assertEquals(await session.send({ value }), { value });
  }
  await session.close();
});

Deno.test("JsonLineSession takes a reply without id from a server that sends ids, if it can be only one's", async () => {
  const { session, ended } = open((command, server) => {
    if (command.op === "bad") server.say({ id: null, error: "bad" });
    else if (command.op === "worse") server.say({ error: "worse" });
    else if (command.op !== "slow") server.say(command);
  });
  await session.send({ op: "ok" });
  assertEquals(await session.send({ op: "bad" }), { id: null, error: "bad" });
  assertEquals(await session.send({ op: "worse" }), { error: "worse" });
  // With two that have no reply, nobody can tell.
  await rejects("timeout", session.send({ op: "slow" }, { timeoutMs: 1 }));
  await rejects("protocol_error", session.send({ op: "bad" }), "no command");
  await ended;
});

Deno.test("JsonLineSession reads lines however they are cut, with CRLF and blank lines", async () => {
  const text = '\r\n{"text":"é𝄞"}\r\n   \n\n';
  const { session } = open((_, server) => {
    const bytes = new TextEncoder().encode(text);
    for (const byte of bytes) server.write(new Uint8Array([byte]));
  }, { closeTimeoutMs: 1 });
  assertEquals(await session.send({ op: "a" }), { text: "é𝄞" });
  assertEquals(await session.send({ op: "b" }), { text: "é𝄞" });
  await session.close();
});

Deno.test("JsonLineSession keeps a key named __proto__ as data", async () => {
  const { session } = open((_, server) => {
    server.write('{"__proto__":{"a":1}}\n');
  }, { closeTimeoutMs: 1 });
  const reply = await session.send({ op: "a" });
  assertEquals([reply.a, Object.keys(reply)], [undefined, ["__proto__"]]);
  await session.close();
});

Deno.test("JsonLineSession gives a server that does not read nothing further", async () => {
  const { server, session, seen } = open(echo, { closeTimeoutMs: 1 });
  await session.send({ op: "quick" });
  const reading = Promise.withResolvers<void>();
  server.reads = reading.promise;
  const timeoutMs = 1;
  await rejects("timeout", session.send({ op: "a" }, { timeoutMs }), "late");
  await rejects(
    "timeout",
    session.send({ op: "b" }, { timeoutMs }),
    "not sent",
  );
  reading.resolve();
  assertEquals(await session.send({ op: "c" }), { op: "c" });
  assertEquals(server.commands.map(({ op }) => op), ["quick", "a", "c"]);
  server.reads = new Promise(() => {});
  const stuck = rejects("closed", session.send({ op: "d" }));
  await session.close();
  await stuck;
  assertEquals([server.kills, seen.closes], [1, 1]);
});

Deno.test("JsonLineSession closes when too many commands stay without a reply", async () => {
  const { server, session, ended } = open((command, server) => {
    if (command.op === "quick") server.say(command);
  });
  await session.send({ op: "quick" });
  for (let i = 1; i < 1000; i++) {
    const controller = new AbortController();
    const { signal } = controller;
    const reply = session.send({ op: "hang" }, { signal });
    const rejected = assertRejects(() => reply, Error, "enough");
    await server.received(i + 1);
    controller.abort(new Error("enough"));
    await rejected;
  }
  assertEquals(session.isOpen, true);
  await rejects("timeout", session.send({ op: "hang" }, { timeoutMs: 1 }));
  await ended;
  await rejects("closed", session.send({ op: "quick" }), "1000 commands");
});

Deno.test("JsonLineSession refuses commands beyond its queue, and bad ones", async () => {
  const { server, session } = open(echo, { queueMax: 2 });
  const sent = [1, 2, 3].map((value) => session.send({ value }));
  await assertRejects(() => session.send({ value: 4 }), RangeError, "2 are");
  await Promise.all(sent);
  for (const command of [null, [], "close", 1, undefined]) {
    // @ts-expect-error: this is what is tested
    await assertRejects(() => session.send(command), TypeError);
  }
  await assertRejects(() => session.send({ big: 1n }), TypeError);
  const circle: Record<string, unknown> = {};
  circle.self = circle;
  await assertRejects(() => session.send(circle), TypeError);
  for (const timeoutMs of [0, -1, NaN, Infinity, 2 ** 31]) {
    await assertRejects(() => session.send({}, { timeoutMs }), RangeError);
  }
  assertEquals(server.commands.length, 3);
  await session.close();
});

Deno.test("JsonLineSession refuses bounds that are none", () => {
  const onClose = () => Promise.resolve();
  for (const value of [0, -1, 1.5, NaN, Infinity]) {
    const names = [
      "closeTimeoutMs",
      "endTimeoutMs",
      "lineBytesMax",
      "queueMax",
    ];
    for (const name of names) {
      assertThrows(
        () =>
          new JsonLineSession(new FakeServer(), {
            id: "box",
            onClose,
            [name]: value,
          }),
        RangeError,
        name,
      );
    }
  }
});
