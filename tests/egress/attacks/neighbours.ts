import { type Attack, commandAttack } from "../attack.ts";
import { client, sh } from "../place.ts";
import { NAMES, PORTS } from "../plan.ts";
import { get, octal, requested } from "./ask_proxy.ts";

const { allowed, other } = NAMES;

/** Places on loopback where another sandbox's forwarder might be. */
const ELSEWHERE = ["127.0.0.1", "127.0.0.2", "127.1.2.3", "0", "::1"];

/** What one sandbox has, and another one must not get at. */
export function neighbourAttacks(): Attack[] {
  return [
    commandAttack({
      name: "another sandbox's allow-list",
      from: "b",
      run: (place, token) =>
        sh(place, `timeout 5 wget -q -O - http://${allowed}/${token}`),
      reaches: requested,
      record: [["not_allowed"]],
    }),
    commandAttack({
      name: "the first sandbox, with the other one's allow-list",
      run: (place, token) =>
        sh(place, `timeout 5 wget -q -O - http://${other}/${token}`),
      reaches: requested,
      record: [["not_allowed"]],
    }),
    commandAttack({
      name: "another sandbox's forwarder, wherever it may listen",
      from: "b",
      run: (place, token) =>
        sh(
          place,
          ELSEWHERE.map((host) =>
            `printf '${octal(get(allowed, token))}' | ` +
            `timeout 5 nc ${host} ${PORTS.proxy}`
          ).join("; "),
        ),
      reaches: requested,
      // All that answers is its own.
      record: ["127.0.0.1", "0"].map(() => ["not_allowed"]),
    }),
    commandAttack({
      name: "a proxy's socket, wherever it may be, as root",
      run: (place, token) =>
        client(place, "sockets", [get(other, token)], { user: "0:0" }),
      reaches: requested,
    }),
    {
      name: "two sandboxes have two networks, and neither is the host's",
      from: "b",
      control: undefined,
      sandbox: async ({ a, b }) => {
        const own = await Deno.readLink("/proc/self/ns/net");
        const [first, second] = await Promise.all(
          [a, b].map(async (place) =>
            (await sh(place, "readlink /proc/self/ns/net")).output.trim()
          ),
        );
        if (new Set([own, first, second]).size === 3) return "none";
        throw new Error(`the host has ${own}, they have ${first}, ${second}`);
      },
    },
  ];
}
