import {
  type Attack,
  describeArrivals,
  describeRan,
  newToken,
} from "../attack.ts";
import { describeAttempts } from "../attempts.ts";
import { type Place, type Ran, type RunInPlace, sh } from "../place.ts";
import { AT, NAMES, PORTS } from "../plan.ts";
import type { SandboxRange } from "../range.ts";
import { requested } from "./ask_proxy.ts";

/**
 * Ends whatever has a line of its input among its arguments. It reads them, so as
 * not to have them among its own.
 */
const END = `
while read -r mark; do
  for folder in /proc/[0-9]*; do
    case $(tr '\\0' ' ' < $folder/cmdline) in
      *"$mark"*) kill -9 \${folder#/proc/} && echo ended;;
    esac
  done 2> /dev/null
done`;

/** What may be in the arguments of a forwarder, and of nothing that attacks. */
const MARKS = "forward\negress\nzu-ready\n";

function endingIt(who: string, options: RunInPlace): Attack {
  return {
    name: `killing the forwarder from inside, as ${who}`,
    from: "a",
    control: async ({ control }) => {
      // Only root may do it there.
      const stdin = `${control.forwarderMark}\n`;
      const ran = await sh(control, END, { user: "0:0", stdin });
      if (!ran.output.includes("ended")) throw new Error(describeRan(ran));
      await control.forwarderEnded();
      await control.startForwarder();
    },
    sandbox: async (range) => {
      const { a } = range;
      const before = await forwarderOf(range, "a");
      const ran = await sh(a, END, { ...options, stdin: MARKS });
      if (ran.output.includes("ended")) throw new Error(describeRan(ran));
      // All that it can reach, whatever it is.
      await sh(a, "kill -9 -1", options);
      const after = await forwarderOf(range, "a");
      if (!after.isRunning || after.pid !== before.pid) {
        throw new Error("the forwarder was ended");
      }
      await a.look();
      return "none";
    },
  };
}

/** Ends it from outside, after which there is nothing to come in by. */
const killed: Attack = {
  name: "killing the forwarder from outside",
  lesson: 37,
  from: "b",
  control: async ({ control, witness }) => {
    await control.stopForwarder();
    const token = newToken("control");
    const { result, arrivals } = await witness.during(() =>
      everyWay(control, token)
    );
    await control.startForwarder();
    if (!requested(arrivals, token)) throw new Error(describeRan(result));
  },
  sandbox: async (range) => {
    const { b, engine, attempts, warnings, witness } = range;
    const { id } = await forwarderOf(range, "b");
    const before = attempts.count;
    await engine.getContainer(id).kill();
    const { arrivals } = await witness.during(async () => {
      try {
        return await everyWay(b, newToken("sandbox"));
      } catch (error) {
        // The sandbox may have ended with it.
        return error;
      }
    });
    if (arrivals.length > 0) throw new Error(describeArrivals(arrivals));
    if (b.sandbox.egress?.isOpen !== false) {
      throw new Error("its egress says that it is open");
    }
    if (!warnings.some((warning) => warning.includes(b.sandbox.id))) {
      throw new Error("nobody was told");
    }
    return describeAttempts(attempts.since(before));
  },
};

/** Tries the other host by the proxy, and past it. */
function everyWay(place: Place, token: string): Promise<Ran> {
  const host = NAMES.other;
  return sh(
    place,
    `
wget=$(timeout 5 wget -q -O - http://${host}/${token} 2>&1)
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY
timeout 5 wget -q -O - http://${host}/${token}
timeout 5 wget -q -O - http://${AT.other}/${token}
timeout 5 nc -w 3 127.0.0.1 ${PORTS.proxy} < /dev/null
echo "$wget"`,
  );
}

/** The forwarder of a sandbox: the container whose network it shares. */
async function forwarderOf(
  { engine, ...places }: SandboxRange,
  which: "a" | "b",
): Promise<{ id: string; pid: number; isRunning: boolean }> {
  const { id } = places[which].sandbox;
  const { HostConfig } = await engine.getContainer(id).inspect();
  const forwarder = HostConfig.NetworkMode.replace(/^container:/, "");
  const { State } = await engine.getContainer(forwarder).inspect();
  return { id: forwarder, pid: State.Pid, isRunning: State.Running };
}

/** Ending what stands between a sandbox and the proxy. */
export function forwarderAttacks(): Attack[] {
  return [
    endingIt("the sandbox's user", {}),
    endingIt("root", { user: "0:0" }),
    killed,
  ];
}
