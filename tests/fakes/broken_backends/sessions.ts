import { BackendError, type SessionReply } from "../../../backends/mod.ts";
import { type Breach, breach, never, sessionBreach, turns } from "./breach.ts";
import { SLOW_COMMAND } from "./sound.ts";

/** Sessions that break a rule. */
export const SESSIONS: readonly Breach[] = [
  breach(
    "has sessions share a sandbox",
    "opens a session in a sandbox of its own",
    (sound) => ({
      openSession: (spec, options) =>
        sound.openSession(spec, { runKey: "all", ...options }),
    }),
  ),
  sessionBreach(
    "replies in another order",
    "lesson 27: gives each command its own reply, in the order of sending",
    (session) => {
      let sent = 0;
      return {
        send: async (...of) => {
          const reply = session.send(...of);
          await turns(500 - 10 * sent++);
          return await reply;
        },
      };
    },
  ),
  sessionBreach(
    "takes the next reply for whoever waits first",
    "lesson 27: gives each command its own reply, in the order of sending",
    (session) => {
      let before: Promise<SessionReply> | undefined;
      return {
        send: (...of) => {
          const own = session.send(...of);
          own.catch(() => {});
          const reply = before ?? own;
          before = own;
          return reply;
        },
      };
    },
  ),
  sessionBreach(
    "lets the ids be seen",
    "keeps ids out of replies, and leaves the caller's commands alone",
    (session) => ({
      send: async (command, options) => {
        const reply = await session.send(command, options);
        return { ...reply, id: command.id ?? null };
      },
    }),
  ),
  sessionBreach(
    "writes an id into the caller's command",
    "keeps ids out of replies, and leaves the caller's commands alone",
    (session) => ({
      send: async (command, options) =>
        await session.send(Object.assign(command, { id: 7 }), options),
    }),
  ),
  sessionBreach(
    "reads the command when its turn comes",
    "takes the command when it is sent, and gives away each reply",
    (session) => ({
      send: async (...of) => {
        await turns(3);
        return await session.send(...of);
      },
    }),
  ),
  sessionBreach(
    "sends under a signal that was aborted",
    "sends nothing under a signal that was aborted, and throws its reason",
    (session) => ({ send: (command) => session.send(command) }),
  ),
  sessionBreach(
    "gives a late reply to the next command",
    "lesson 27: never takes a late reply for another command's",
    (session) => {
      let late: SessionReply | undefined;
      return {
        send: async (command, options) => {
          if (command.op === SLOW_COMMAND.op) late = { late: true };
          else if (late !== undefined) {
            const reply = late;
            late = undefined;
            return reply;
          }
          return await session.send(command, options);
        },
      };
    },
  ),
  sessionBreach(
    "looks at the signal when a command's turn comes",
    "heeds the signal of a command that waits for its turn",
    (session) => {
      let before: Promise<unknown> = Promise.resolve();
      return {
        send: (...of) => {
          const turn = before;
          const reply = turn.then(() => session.send(...of));
          before = reply.catch(() => {});
          return reply;
        },
      };
    },
  ),
  sessionBreach(
    "leaves a listener on the signal of a command",
    "lesson 35: leaves no listener on the signal of a session's calls",
    (session) => ({
      send: (command, options) => {
        options?.signal?.addEventListener("abort", () => {});
        return session.send(command, options);
      },
    }),
  ),
  sessionBreach(
    "does not end its sandbox before it says that it is closed",
    "ends a session's sandbox when it is closed, once or more often",
    (session) => ({
      close: () => {
        turns(20).then(() => session.close());
        return Promise.resolve();
      },
    }),
  ),
  sessionBreach(
    "fails when it is closed again",
    "ends a session's sandbox when it is closed, once or more often",
    (session) => {
      let isClosed = false;
      return {
        close: async () => {
          if (isClosed) throw new BackendError("closed", "Closed already");
          isClosed = true;
          await session.close();
        },
      };
    },
  ),
  sessionBreach(
    "lets the commands hang that were sent before it was closed",
    "ends with `closed` what was sent to a session and not replied to",
    (session) => ({
      send: (command, options) =>
        session.send(command, options).catch(() => never()),
    }),
  ),
];
