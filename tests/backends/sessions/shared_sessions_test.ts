import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { JsonLineSession } from "../../../backends/sessions/json_line_session.ts";
import { SharedSessions } from "../../../backends/sessions/shared_sessions.ts";
import {
  BackendError,
  type BackendErrorCode,
  type SandboxSession,
} from "../../../backends/mod.ts";
import { FakeLauncher, turns } from "./_fake_launcher.ts";
import { FakeServer, predecessor } from "./_fake_server.ts";

const SPEC = { image: "browser", env: { A: "1", B: "2" } };

async function rejects(
  code: BackendErrorCode,
  promise: Promise<unknown>,
  part = "",
): Promise<void> {
  const error = await assertRejects(() => promise, BackendError);
  assertEquals(error.code, code, error.message);
  assertStringIncludes(error.message, part);
}

function setUp() {
  const sessions = new SharedSessions();
  const launcher = new FakeLauncher();
  const open = (
    key: string = "run",
    options: { signal?: AbortSignal; spec?: object } = {},
  ) =>
    sessions.open(key, options.spec ?? SPEC, launcher.open, {
      signal: options.signal,
    });
  /** A session that is open. */
  async function opened(key?: string): Promise<SandboxSession> {
    const opening = open(key);
    launcher.last.succeed();
    return await opening;
  }
  return { sessions, launcher, open, opened };
}

/** Whether a promise has settled by now. */
async function isPending(promise: Promise<unknown>): Promise<boolean> {
  let pending = true;
  const done = () => void (pending = false);
  promise.then(done, done);
  await turns();
  return pending;
}

Deno.test("lesson 28: SharedSessions launches once for all who open a key at once", async () => {
  const { launcher, open } = setUp();
  const openings = [open(), open(), open()];
  assertEquals(launcher.launches.length, 1);
  const session = launcher.last.succeed();
  const held = await Promise.all(openings);
  assertEquals(held.map(({ id }) => id), ["box-1", "box-1", "box-1"]);
  assertEquals(await held[2]!.send({ op: "goto" }), { of: "box-1" });
  session.finish();
  await Promise.all(held.map((each) => each.close()));
  assertEquals(session.closes, 1);
});

Deno.test("lesson 28: SharedSessions ends a session with the last who holds it, and not before", async () => {
  const { launcher, open, opened } = setUp();
  const first = await opened();
  const second = await open();
  const { session } = launcher.last;
  await first.close();
  await first.close();
  await first[Symbol.asyncDispose]();
  assertEquals(session.closes, 0, "closing twice lets go once");
  await rejects("closed", first.send({ op: "goto" }), "box-1");
  const third = await open();
  await second.close();
  assertEquals(await third.send({ op: "goto" }), { of: "box-1" });
  assertEquals([launcher.launches.length, session.closes], [1, 0]);
  const closing = third.close();
  assert(await isPending(closing), "the last one waits for the end");
  session.finish();
  await closing;
  assertEquals(session.closes, 1);
});

Deno.test("lesson 28: SharedSessions waits for a session's end before it launches the key's next one", async () => {
  const { launcher, open, opened } = setUp();
  const first = await opened();
  const { session } = launcher.last;
  const closing = first.close();
  const openings = [open(), open()];
  await turns();
  assertEquals([launcher.launches.length, session.closes], [1, 1]);
  session.finish();
  await closing;
  await turns();
  assertEquals(launcher.launches.length, 2);
  const next = launcher.last.succeed();
  const [second, third] = await Promise.all(openings);
  // The one that has ended takes no other with it.
  await first.close();
  await second!.close();
  assertEquals(next.closes, 0);
  assertEquals(await third!.send({ op: "goto" }), { of: "box-2" });
  next.finish();
  await third!.close();
  assertEquals(next.closes, 1);
});

Deno.test("lesson 28: SharedSessions shares between runs nothing", async () => {
  const { launcher, opened } = setUp();
  const first = await opened("one");
  const second = await opened("two");
  assertEquals([first.id, second.id], ["box-1", "box-2"]);
  launcher.launches[0]!.session.finish();
  await first.close();
  assertEquals(await second.send({ op: "goto" }), { of: "box-2" });
  launcher.last.session.finish();
  await second.close();
});

Deno.test("SharedSessions goes on with a launch that only one of two called off", async () => {
  const { launcher, open } = setUp();
  const controller = new AbortController();
  const first = open("run", controller);
  const second = open();
  controller.abort(new Error("enough"));
  await assertRejects(() => first, Error, "enough");
  assertEquals(launcher.last.signal.aborted, false);
  const session = launcher.last.succeed();
  const held = await second;
  session.finish();
  await held.close();
  assertEquals([launcher.launches.length, session.closes], [1, 1]);
});

Deno.test("SharedSessions ends a launch that everyone called off, and waits until it is over", async () => {
  const { launcher, open } = setUp();
  const controller = new AbortController();
  const openings = [1, 2].map(() => open("run", controller));
  controller.abort(new Error("enough"));
  const rejected = Promise.all(
    openings.map((each) => assertRejects(() => each, Error, "enough")),
  );
  const [launch] = launcher.launches;
  assert(await isPending(rejected), "the last one waits for the end");
  assertEquals(launch!.signal.reason.message, "enough");
  const next = open();
  await turns();
  assertEquals(launcher.launches.length, 1);
  launch!.fail(launch!.signal.reason);
  await rejected;
  await turns();
  const session = launcher.last.succeed();
  assertEquals((await next).id, "box-2");
  session.finish();
  await (await next).close();
});

Deno.test("SharedSessions ends a session whose launch was called off too late", async () => {
  const { launcher, open } = setUp();
  const controller = new AbortController();
  const opening = open("run", controller);
  const session = launcher.last.succeed();
  controller.abort(new Error("enough"));
  session.finish();
  await assertRejects(() => opening, Error, "enough");
  assertEquals(session.closes, 1);
});

Deno.test("SharedSessions does not abort a launch's signal after the launch", async () => {
  const { launcher, opened } = setUp();
  const held = await opened();
  launcher.last.session.finish();
  await held.close();
  assertEquals(launcher.last.signal.aborted, false);
});

Deno.test("SharedSessions gives up waiting for another's end when it is called off", async () => {
  const { launcher, open, opened } = setUp();
  const closing = (await opened()).close();
  const controller = new AbortController();
  const opening = open("run", controller);
  controller.abort(new Error("enough"));
  await assertRejects(() => opening, Error, "enough");
  launcher.last.session.finish();
  await closing;
  const late = open("run", controller);
  await assertRejects(() => late, Error, "enough");
  assertEquals(launcher.launches.length, 1);
});

Deno.test("SharedSessions tells all who wait why a launch failed, and frees the key", async () => {
  const { sessions, launcher, open } = setUp();
  const failure = new BackendError("start_failed", "no such image");
  const openings = [open(), open()];
  // Whoever tries again as soon as it hears must not hear the old failure.
  const retried = open().catch(() => open());
  launcher.last.fail(failure);
  for (const opening of openings) {
    assertEquals(await assertRejects(() => opening), failure);
  }
  await turns();
  assertEquals(launcher.launches.length, 2);
  launcher.last.succeed().finish();
  await (await retried).close();
  const thrown = sessions.open("run", SPEC, () => {
    throw failure;
  });
  assertEquals(await assertRejects(() => thrown), failure);
  const held = open();
  launcher.last.succeed().finish();
  await (await held).close();
  assertEquals(launcher.launches.length, 3);
});

Deno.test("SharedSessions refuses another spec for a key, whatever the order of its keys", async () => {
  const { launcher, open } = setUp();
  const spec = structuredClone(SPEC);
  const first = open("run", { spec });
  spec.env.A = "changed after the call";
  const same = { env: { B: "2", A: "1" }, image: "browser", user: undefined };
  const second = open("run", { spec: same });
  for (const other of [{ ...SPEC, env: { A: "1" } }, { ...SPEC, user: "u" }]) {
    await rejects("spec_refused", open("run", { spec: other }), '"run"');
  }
  const session = launcher.last.succeed();
  const held = await Promise.all([first, second]);
  await rejects("spec_refused", open("run", { spec: {} }), '"run"');
  session.finish();
  await Promise.all(held.map((each) => each.close()));
  const third = open("run", { spec: {} });
  launcher.last.succeed().finish();
  await (await third).close();
  assertEquals([launcher.launches.length, session.closes], [2, 1]);
});

Deno.test("SharedSessions refuses an empty key, which would share between runs", async () => {
  const { launcher, open } = setUp();
  await assertRejects(() => open(""), TypeError, "key");
  assertEquals(launcher.launches.length, 0);
});

Deno.test("SharedSessions does not hand out a session that has died", async () => {
  const { launcher, open, opened } = setUp();
  const first = await opened();
  const second = await open();
  const { session } = launcher.last;
  session.isDead = true;
  await rejects("closed", first.send({ op: "goto" }));
  // Another spec may follow, since the one before is gone.
  const opening = open("run", { spec: { image: "other" } });
  await turns();
  assertEquals([launcher.launches.length, session.closes], [1, 1]);
  session.finish();
  await turns();
  const next = launcher.last.succeed();
  const third = await opening;
  assertEquals(third.id, "box-2");
  await rejects("closed", second.send({ op: "goto" }));
  await first.close();
  await second.close();
  assertEquals([session.closes, next.closes], [1, 0]);
  assertEquals(await third.send({ op: "goto" }), { of: "box-2" });
  next.finish();
  await third.close();
});

Deno.test("SharedSessions launches anew though the one before could not be closed", async () => {
  const { launcher, open, opened } = setUp();
  const first = await opened();
  const closing = first.close();
  const opening = open();
  launcher.last.session.finish(new Error("no engine"));
  await assertRejects(() => closing, Error, "no engine");
  await assertRejects(() => first.close(), Error, "no engine");
  await turns();
  launcher.last.succeed().finish();
  const second = await opening;
  assertEquals(second.id, "box-2");
  await second.close();
});

Deno.test("SharedSessions lets nobody close the session for the others with a command", async () => {
  const { launcher, opened } = setUp();
  const held = await opened();
  await assertRejects(() => held.send({ op: "close" }), TypeError, "close()");
  assertEquals(launcher.last.session.commands, []);
  launcher.last.session.finish();
  await held.close();
});

Deno.test("SharedSessions rejects what a holder waits for when the holder lets go", async () => {
  const { launcher, open, opened } = setUp();
  const first = await opened();
  const second = await open();
  const { session } = launcher.last;
  const reply = Promise.withResolvers<Record<string, unknown>>();
  session.send = () => reply.promise;
  const theirs = second.send({ op: "goto" });
  const rejected = rejects("closed", first.send({ op: "goto" }), "box-1");
  await first.close();
  await rejected;
  reply.resolve({ value: 1 });
  assertEquals(await theirs, { value: 1 });
  session.finish();
  await second.close();
});

Deno.test("lesson 27: SharedSessions launches anew when the shared session has lost step", async () => {
  const sessions = new SharedSessions();
  const servers: FakeServer[] = [];
  let ended = 0;
  const open = () =>
    sessions.open("run", SPEC, () => {
      const server = new FakeServer((command, server) => {
        if (command.op !== "slow") predecessor(command, server);
      });
      const id = `box-${servers.push(server)}`;
      const onClose = () => Promise.resolve(void ended++);
      return Promise.resolve(new JsonLineSession(server, { id, onClose }));
    });
  const [first, second] = await Promise.all([open(), open()]);
  assertEquals(await first.send({ op: "eval", value: 1 }), { value: 1 });
  await Promise.all([
    rejects("timeout", first.send({ op: "slow" }, { timeoutMs: 1 })),
    rejects("closed", second.send({ op: "eval" }), "lost step"),
  ]);
  const third = await open();
  assertEquals([third.id, servers.length, ended], ["box-2", 2, 1]);
  await rejects("closed", first.send({ op: "eval" }), "lost step");
  await first.close();
  await second.close();
  assertEquals(await third.send({ op: "eval", value: 3 }), { value: 3 });
  await third.close();
  assertEquals([servers[0]!.kills, servers[1]!.kills, ended], [1, 1, 2]);
});

Deno.test("SharedSessions leaves no listener on a signal", async () => {
  const { launcher, open } = setUp();
  const { signal } = new AbortController();
  let listeners = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...of: Parameters<typeof add>) => {
    listeners++;
    add(...of);
  };
  signal.removeEventListener = (...of: Parameters<typeof remove>) => {
    listeners--;
    remove(...of);
  };
  const failing = open("run", { signal });
  assertEquals(listeners, 1);
  launcher.last.fail(new Error("no"));
  await assertRejects(() => failing, Error, "no");
  const opening = open("run", { signal });
  launcher.last.succeed().finish();
  const held = await opening;
  assertEquals(listeners, 0);
  await held.close();
});

Deno.test("SharedSessions.closeRun ends a run's session, whoever holds it or waits", async () => {
  const { sessions, launcher, open, opened } = setUp();
  const held = [await opened("run"), await open("run")];
  const { session } = launcher.last;
  const other = await opened("other");
  const closing = sessions.closeRun("run");
  // This one waits for the old session's end, and there must be no new one.
  const waiting = open("run");
  const second = sessions.closeRun("run");
  await rejects("closed", waiting, "run");
  await rejects("closed", held[0]!.send({ op: "goto" }));
  assert(await isPending(closing));
  session.finish();
  await Promise.all([closing, second]);
  await Promise.all(held.map((each) => each.close()));
  assertEquals([session.closes, launcher.launches.length], [1, 2]);
  assertEquals(await other.send({ op: "goto" }), { of: "box-2" });
  launcher.last.session.finish();
  await other.close();
  await sessions.closeRun("run");
});

Deno.test("SharedSessions.closeRun lets no launch begin for those who came before it", async () => {
  for (let steps = 0; steps < 20; steps++) {
    const { sessions, launcher, open, opened } = setUp();
    const first = (await opened()).close();
    const waiting = open().then(() => "open", ({ code }) => code);
    launcher.last.session.finish();
    await turns(steps);
    const { length } = launcher.launches;
    const closing = sessions.closeRun("run");
    await turns();
    assertEquals(launcher.launches.length, length);
    if (length === 2) launcher.last.fail(launcher.last.signal.reason);
    assertEquals(await waiting, "closed");
    await Promise.all([first, closing]);
  }
});

Deno.test("SharedSessions.closeRun ends a launch, also one that does not listen", async () => {
  for (const heeds of [true, false]) {
    const { sessions, launcher, open } = setUp();
    const openings = [open(), open()];
    const rejected = openings.map((each) => rejects("closed", each, "run"));
    const closing = sessions.closeRun("run");
    const { signal, session } = launcher.last;
    assert(signal.aborted);
    if (heeds) launcher.last.fail(signal.reason);
    else launcher.last.succeed().finish();
    await Promise.all([closing, ...rejected]);
    assertEquals(session.closes, heeds ? 0 : 1);
    const again = open();
    launcher.last.succeed().finish();
    await (await again).close();
  }
});

Deno.test("SharedSessions.close ends all, and opens nothing any more", async () => {
  const { sessions, launcher, open, opened } = setUp();
  await opened("one");
  const two = await opened("two");
  const three = rejects("closed", open("three"));
  const closing = sessions.close();
  await rejects("closed", open("four"));
  assertEquals(sessions.close(), closing);
  launcher.launches[0]!.session.finish();
  launcher.launches[1]!.session.finish(new Error("no engine"));
  assert(await isPending(closing));
  launcher.launches[2]!.fail(launcher.last.signal.reason);
  await assertRejects(() => closing, Error, "no engine");
  await three;
  await assertRejects(() => two.close(), Error, "no engine");
  assertEquals(launcher.launches.length, 3);
});

Deno.test("SharedSessions.close tells of each session that could not be closed", async () => {
  const { sessions, launcher, opened } = setUp();
  await opened("one");
  await opened("two");
  const closing = sessions.close();
  for (const { session } of launcher.launches) {
    session.finish(new Error(`no engine for ${session.id}`));
  }
  const error = await assertRejects(() => closing, AggregateError);
  assertEquals(error.errors.length, 2);
});
