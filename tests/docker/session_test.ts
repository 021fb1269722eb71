import { assert, assertEquals, assertRejects } from "@std/assert";
import { BackendError } from "../../backends/mod.ts";
import { dockerTest, eventually, TestBackend } from "./_engine.ts";
import { IMAGES } from "./_images.ts";

const spec = { image: IMAGES.busybox };

/**
 * A server in a line of shell: answers each command with its number and the
 * command itself, and makes some noise.
 */
const COUNTER = [
  "sh",
  "-c",
  "n=0; while read -r line; do n=$((n+1)); echo noise >&2; " +
  `case $line in
    *slow*) sleep 2 ;;
    *crash*) echo "cannot go on" >&2; exit 3 ;;
    *close*) echo '{"closed":true}'; exit ;;
    *odd*) echo '[1]'; continue ;;
  esac
  echo "{\\"n\\":$n,\\"got\\":$line}"; done`,
];
/** The same, sending ids back. */
const ECHOER = [
  "sh",
  "-c",
  COUNTER[2]!.replace(
    'echo "{',
    `id=\${line##*'"id":"'}; echo "{\\"id\\":\\"\${id%%'"'*}\\",`,
  ),
];

async function code(fn: () => Promise<unknown>): Promise<string> {
  return (await assertRejects(fn, BackendError)).code;
}

dockerTest(
  "LocalDockerBackend.openSession keeps a server's state between commands",
  async () => {
    await using backend = new TestBackend();
    for (const command of [COUNTER, ECHOER]) {
      await using session = await backend.openSession(spec, { command });
      const replies = await Promise.all(
        Array.from({ length: 20 }, (_, i) => session.send({ op: "read", i })),
      );
      assertEquals(
        replies.map(({ n, got }) => [n, (got as { i: number }).i]),
        Array.from({ length: 20 }, (_, i) => [i + 1, i]),
      );
      assertEquals(Object.hasOwn(replies[0]!, "id"), false);
      await session.close();
      await session.close();
      assertEquals(await code(() => session.send({ op: "read" })), "closed");
    }
    assertEquals(await backend.containers(), 0);
  },
);

dockerTest(
  "lesson 27: a late reply is nobody else's, and without ids it ends the session",
  async () => {
    await using backend = new TestBackend();
    await using echoing = await backend.openSession(spec, { command: ECHOER });
    await echoing.send({ op: "read" });
    assertEquals(
      await code(() => echoing.send({ op: "slow" }, { timeoutMs: 200 })),
      "timeout",
    );
    assertEquals((await echoing.send({ op: "read" })).n, 3);

    const session = await backend.openSession(spec, { command: COUNTER });
    assertEquals(
      await code(() => session.send({ op: "slow" }, { timeoutMs: 200 })),
      "timeout",
    );
    assertEquals(await code(() => session.send({ op: "read" })), "closed");
    await session.close();
    assertEquals(await backend.containers(), 1);
  },
);

dockerTest(
  "LocalDockerBackend.openSession tells how a session went wrong",
  async () => {
    await using backend = new TestBackend();
    const crashing = await backend.openSession(spec, { command: COUNTER });
    const error = await assertRejects(
      () => crashing.send({ op: "crash" }),
      BackendError,
    );
    assertEquals(error.code, "closed");
    assert(/cannot go on/.test(error.message), error.message);
    const odd = await backend.openSession(spec, { command: COUNTER });
    assertEquals(await code(() => odd.send({ op: "odd" })), "protocol_error");
    const missing = await backend.openSession(spec);
    const none = await assertRejects(() => missing.send({}), BackendError);
    assert(/zu-browser/.test(none.message), none.message);
    await eventually("their end", async () => await backend.containers() === 0);
    const lost = await backend.openSession(spec, { command: COUNTER });
    // An engine that is still to start the server would say so in its stead.
    await lost.send({ op: "read" });
    const sent = code(() => lost.send({ op: "slow" }));
    await backend.close();
    const told = await sent;
    assert(["sandbox_gone", "closed"].includes(told), told);
  },
);

dockerTest(
  "lesson 28: sessions of one run are one, whoever opens and closes them",
  async () => {
    await using backend = new TestBackend();
    const options = { command: COUNTER, runKey: "run 1" };
    const [first, second] = await Promise.all([
      backend.openSession(spec, options),
      backend.openSession(spec, options),
    ]);
    assertEquals(await backend.containers(), 1);
    assertEquals((await first.send({})).n, 1);
    assertEquals((await second.send({})).n, 2);
    await first.close();
    await first.close();
    assertEquals((await second.send({})).n, 3);
    assertEquals(
      await code(() => backend.openSession({ ...spec, pids: 9 }, options)),
      "spec_refused",
    );
    await using other = await backend.openSession(spec, {
      ...options,
      runKey: "run 2",
    });
    assertEquals((await other.send({})).n, 1);
    await second.close();
    assertEquals(await backend.containers(), 1);
    await backend.closeRun("run 2");
    assertEquals(await backend.containers(), 0);
    assertEquals(await code(() => other.send({})), "closed");
  },
);

dockerTest(
  "LocalDockerBackend.openSession outlives its opener's signal, and leaves nothing when called off",
  async () => {
    await using backend = new TestBackend();
    const controller = new AbortController();
    const { signal } = controller;
    await using session = await backend.openSession(spec, {
      command: COUNTER,
      signal,
    });
    controller.abort();
    assertEquals((await session.send({})).n, 1);
    const aborted = AbortSignal.timeout(30);
    const thrown = await assertRejects(
      () => backend.openSession(spec, { command: COUNTER, signal: aborted }),
    );
    assertEquals(thrown, aborted.reason);
    assertEquals(await backend.containers(), 1);
  },
);
