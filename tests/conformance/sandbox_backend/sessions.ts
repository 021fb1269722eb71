import { assert, assertEquals } from "@std/assert";
import { BackendError, type SandboxSession } from "../../../backends/mod.ts";
import {
  assertCode,
  assertReason,
  later,
  moment,
  rejection,
} from "./asserts.ts";
import { CountedSignal } from "../_counted_signal.ts";
import type { RuleContext, SandboxBackendRule } from "./rule.ts";

/** How many commands are sent at once. */
const COMMANDS = 32;

/** How long a reply that does not come is waited for, in milliseconds. */
const LIMIT_MS = 100;

/** Checks that a session replies as it must. */
export async function assertReplies(
  { session, soon }: RuleContext,
  opened: SandboxSession,
  n = 0,
): Promise<void> {
  const { command, reply } = session.exchange(n);
  assertEquals(await soon("a reply", opened.send(command)), reply);
}

/** Checks that a session goes on in step after a lost reply, or is closed. */
async function assertInStep(
  context: RuleContext,
  opened: SandboxSession,
): Promise<void> {
  for (const n of [1, 2, 3]) {
    try {
      await assertReplies(context, opened, n);
    } catch (error) {
      if (!(error instanceof BackendError)) throw error;
      assertEquals(error.code, "closed", error.message);
    }
  }
}

/** What one session does. */
export const SESSIONS: readonly SandboxBackendRule[] = [
  {
    name: "opens a session in a sandbox of its own",
    needs: ["sessions"],
    check: async (context) => {
      const { openSession, assertRunning } = context;
      const [first, second] = [await openSession(), await openSession()];
      assert(typeof first.id === "string" && first.id !== "", first.id);
      assert(first.id !== second.id, "two sessions in one sandbox");
      await assertRunning(2);
      await assertReplies(context, first);
      await assertReplies(context, second);
    },
  },
  {
    name:
      "lesson 27: gives each command its own reply, in the order of sending",
    needs: ["sessions"],
    check: async ({ session, openSession, soon }) => {
      const opened = await openSession();
      const order: number[] = [];
      const all = Array.from({ length: COMMANDS }, async (_, n) => {
        const { command, reply } = session.exchange(n);
        assertEquals(await opened.send(command), reply);
        order.push(n);
      });
      await soon("the replies", Promise.all(all));
      assertEquals(order, Array.from({ length: COMMANDS }, (_, n) => n));
    },
  },
  {
    name: "keeps ids out of replies, and leaves the caller's commands alone",
    needs: ["sessions"],
    check: async ({ session, openSession, soon }) => {
      const opened = await openSession();
      const all = [1, "1", null, 2].map(async (id, n) => {
        const { command, reply } = session.exchange(n);
        const given = { ...structuredClone(command), id };
        const found = await opened.send(given);
        assertEquals(given, { ...command, id }, "the caller's command");
        assert(!("id" in found), `the reply has an id: ${Deno.inspect(found)}`);
        assertEquals(found, reply);
      });
      await soon("the replies", Promise.all(all));
    },
  },
  {
    name: "takes the command when it is sent, and gives away each reply",
    needs: ["sessions"],
    check: async (context) => {
      const { session, openSession, soon } = context;
      const opened = await openSession();
      const before = later(opened.send(session.exchange(1).command));
      const { command, reply } = session.exchange(2);
      const given: Record<string, unknown> = structuredClone(command);
      const sent = later(opened.send(given));
      for (const key of Object.keys(given)) given[key] = "changed";
      const found = await soon("a reply", sent);
      assertEquals(found, reply);
      Object.assign(found, { spoilt: true });
      await before;
      await assertReplies(context, opened, 2);
    },
  },
  {
    name:
      "sends nothing under a signal that was aborted, and throws its reason",
    needs: ["sessions"],
    check: async (context) => {
      const { session, openSession, assertRunning } = context;
      const opened = await openSession();
      for (const reason of [new Error("the caller's own"), null, "text"]) {
        const signal = AbortSignal.abort(reason);
        const { command } = session.exchange(0);
        await assertReason(reason, () => opened.send(command, { signal }));
        await assertReason(reason, () => openSession({ signal }));
        await assertReason(
          reason,
          () => openSession({ signal, runKey: "run" }),
        );
      }
      await assertReplies(context, opened, 1);
      await assertRunning(1);
    },
  },
  {
    name: "lesson 27: never takes a late reply for another command's",
    needs: ["sessions", "session.slow"],
    check: async (context) => {
      const { session, openSession, soon } = context;
      const slow = session.slow!;
      const timed = await openSession();
      await assertCode(
        "timeout",
        () => soon("a timeout", timed.send(slow, { timeoutMs: LIMIT_MS })),
      );
      await assertInStep(context, timed);
      const aborted = await openSession();
      const counted = new CountedSignal();
      const { signal } = counted;
      const sent = later(aborted.send(slow, { signal }));
      await moment(LIMIT_MS);
      counted.abort("enough");
      await assertReason("enough", () => soon("the abort", sent));
      counted.assertLeft("a command that was aborted");
      await assertInStep(context, aborted);
    },
  },
  {
    name: "heeds the signal of a command that waits for its turn",
    needs: ["sessions", "session.slow"],
    check: async ({ session, openSession, soon }) => {
      const opened = await openSession();
      const first = later(opened.send(session.slow!));
      const counted = new CountedSignal();
      const { signal } = counted;
      const { command } = session.exchange(0);
      const waiting = later(opened.send(command, { signal }));
      counted.abort("enough");
      await assertReason("enough", () => soon("the abort", waiting));
      counted.assertLeft("a command that waited");
      await soon("close", opened.close());
      await assertCode("closed", () => soon("the end", first));
    },
  },
  {
    name: "lesson 35: leaves no listener on the signal of a session's calls",
    needs: ["sessions"],
    check: async ({ session, openSession, soon }) => {
      const counted = new CountedSignal();
      const { signal } = counted;
      const opened = await openSession({ signal });
      counted.assertLeft("opening a session");
      const { command } = session.exchange(0);
      await soon("a reply", opened.send(command, { signal }));
      counted.assertLeft("a command");
      await opened.close();
      await rejection(opened.send(command, { signal }));
      counted.assertLeft("a command to a closed session");
    },
  },
  {
    name: "ends a session's sandbox when it is closed, once or more often",
    needs: ["sessions"],
    check: async ({ session, openSession, soon, assertRunning }) => {
      const { command } = session.exchange(0);
      const opened = await openSession();
      await soon("close", Promise.all([opened.close(), opened.close()]));
      await assertRunning(0);
      await soon("close", opened.close());
      await assertCode("closed", () => opened.send(command));
      const used = await openSession();
      {
        await using _ = used;
      }
      await assertRunning(0);
      await assertCode("closed", () => used.send(command));
    },
  },
  {
    name: "ends with `closed` what was sent to a session and not replied to",
    needs: ["sessions", "session.slow"],
    check: async ({ session, openSession, soon }) => {
      const opened = await openSession();
      const commands = [session.slow!, session.exchange(0).command];
      const ends = commands.map((command) => {
        const sent = later(opened.send(command));
        return assertCode("closed", () => soon("the end", sent));
      });
      await soon("close", opened.close());
      await Promise.all(ends);
    },
  },
];
