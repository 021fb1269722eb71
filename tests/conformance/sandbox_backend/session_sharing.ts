import { assert, assertEquals, AssertionError } from "@std/assert";
import { assertCode, later } from "./asserts.ts";
import type { SandboxBackendRule } from "./rule.ts";
import { assertReplies } from "./sessions.ts";

const RUN = { runKey: "run" };

/** Sessions that are shared by a run key. */
export const SESSION_SHARING: readonly SandboxBackendRule[] = [
  {
    name: "lesson 28: shares one session among those who open it at once",
    needs: ["sessions"],
    check: async (context) => {
      const { openSession, assertRunning } = context;
      const opened = await Promise.all([1, 2, 3].map(() => openSession(RUN)));
      assertEquals(new Set(opened.map(({ id }) => id)).size, 1);
      await assertRunning(1);
      for (const [n, each] of opened.entries()) {
        await assertReplies(context, each, n);
      }
    },
  },
  {
    name: "lesson 28: keeps a shared session until the last one closes it",
    needs: ["sessions"],
    check: async (context) => {
      const { session, openSession, soon, assertRunning } = context;
      const [first, second] = [await openSession(RUN), await openSession(RUN)];
      // Twice: one who closes again must not let go of another's hold.
      await soon("close", first.close());
      await soon("close", first.close());
      const { command } = session.exchange(0);
      await assertCode("closed", () => first.send(command));
      await assertReplies(context, second);
      const third = await openSession(RUN);
      assertEquals(third.id, second.id);
      await assertRunning(1);
      await soon("close", Promise.all([second.close(), third.close()]));
      await assertRunning(0);
      const next = await openSession(RUN);
      assert(next.id !== third.id, "a session that was ended is shared");
      await assertReplies(context, next);
    },
  },
  {
    name: "shares nothing among other run keys, nor without one",
    needs: ["sessions"],
    check: async (context) => {
      const { openSession, soon } = context;
      const opened = [
        await openSession(RUN),
        await openSession({ runKey: "Run" }),
        await openSession({ runKey: "__proto__" }),
        await openSession(),
      ];
      assertEquals(new Set(opened.map(({ id }) => id)).size, opened.length);
      await soon("close", opened[0]!.close());
      for (const each of opened.slice(1)) await assertReplies(context, each);
    },
  },
  {
    name: "refuses to share a session by another spec",
    needs: ["sessions"],
    check: async (context) => {
      const { session, spec, openSession, soon, assertRunning } = context;
      const opened = await openSession(RUN);
      const base = session.spec ?? spec();
      const other = { ...base, env: { ...base.env, ZU_OTHER: "1" } };
      await assertCode("spec_refused", () => openSession(RUN, other));
      await assertReplies(context, opened);
      await assertRunning(1);
      await soon("close", opened.close());
      await assertRunning(0);
    },
  },
  {
    name: "keeps no run key of a session that was not opened",
    needs: ["sessions"],
    check: async (context) => {
      const { session, spec, openSession, assertRunning } = context;
      const refused = { ...(session.spec ?? spec()), memory: 0 };
      await assertCode("spec_refused", () => openSession(RUN, refused));
      await assertReplies(context, await openSession(RUN));
      await assertRunning(1);
    },
  },
  {
    name: "opens a shared session for the others when one of them gives up",
    needs: ["sessions"],
    check: async (context) => {
      const { openSession, soon, assertRunning, untilRunning } = context;
      for (const givesUp of [0, 1, 2]) {
        const controller = new AbortController();
        const { signal } = controller;
        const opening = [0, 1, 2].map((n) =>
          later(openSession(n === givesUp ? { ...RUN, signal } : RUN))
        );
        controller.abort("enough");
        const [gaveUp] = opening.splice(givesUp, 1);
        const left = await Promise.all(opening).catch((cause) => {
          const message = "those who did not give up have no session";
          throw new AssertionError(message, { cause });
        });
        // One who was faster than the signal has it, and must let go of it.
        const fast = await gaveUp!.catch((error) => {
          assertEquals(error, "enough");
        });
        await fast?.close();
        for (const each of left) await assertReplies(context, each);
        await assertRunning(1);
        await soon("close", Promise.all(left.map((each) => each.close())));
        await untilRunning(0);
      }
    },
  },
  {
    name: "leaves nothing of a shared session that all gave up",
    needs: ["sessions"],
    check: async (context) => {
      const { openSession, untilRunning } = context;
      const controller = new AbortController();
      const { signal } = controller;
      const opening = [0, 1].map(() => later(openSession({ ...RUN, signal })));
      controller.abort("enough");
      for (const each of opening) {
        const opened = await each.catch((error) =>
          assertEquals(error, "enough")
        );
        await opened?.close();
      }
      await untilRunning(0);
      await assertReplies(context, await openSession(RUN));
    },
  },
  {
    name: "opens a session anew while the last one of its key is closed",
    needs: ["sessions"],
    check: async (context) => {
      const { openSession, soon, assertRunning } = context;
      const before = await openSession(RUN);
      const closing = later(before.close());
      const after = await openSession(RUN);
      await soon("close", closing);
      await assertReplies(context, after);
      await assertRunning(1);
    },
  },
];
