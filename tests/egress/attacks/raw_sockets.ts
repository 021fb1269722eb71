import { type Attack, commandAttack, describeRan } from "../attack.ts";
import { client, sh } from "../place.ts";
import { AT, PORTS } from "../plan.ts";

function raw(name: string, kind: string): Attack {
  return commandAttack({
    name: `${name}, as root`,
    run: (place, token) =>
      client(place, "raw_packet", [
        kind,
        AT.control,
        AT.other,
        PORTS.echo,
        token,
      ], {
        user: "0:0",
      }),
    reaches: (arrivals, token) =>
      arrivals.some(({ kind, text }) =>
        kind === "datagram" && text.includes(token)
      ),
  });
}

/** Making a way out, where there is none. */
function network(name: string, line: string): Attack {
  return {
    name: `${name}, as root`,
    from: "a",
    control: async ({ control }) => {
      const ran = await sh(control, line, { user: "0:0" });
      if (ran.code !== 0) throw new Error(describeRan(ran));
    },
    sandbox: async ({ a }) => {
      const ran = await sh(a, line, { user: "0:0" });
      if (ran.code === 0) throw new Error(describeRan(ran));
      return "none";
    },
  };
}

/**
 * Sockets to the host of a virtual machine, which no network namespace confines.
 * That one can be made is bad enough: nothing is connected to.
 */
const machineSocket: Attack = {
  name: "a socket to the virtual machine's host (vsock)",
  from: "a",
  control: async ({ control }) => {
    const ran = await client(control, "machine_socket", []);
    if (!ran.output.includes("made")) throw new Error(describeRan(ran));
  },
  sandbox: async ({ a }) => {
    const ran = await client(a, "machine_socket", []);
    if (!ran.output.includes("refused")) throw new Error(describeRan(ran));
    return "none";
  },
};

/** Packets of one's own making, and what is no packet. */
export function rawSocketAttacks(hasMachineSockets: boolean): Attack[] {
  return [
    ...(hasMachineSockets ? [machineSocket] : []),
    raw("a raw socket of IP", "ip"),
    raw("a raw socket of the link", "packet"),
    commandAttack({
      name: "a ping, as root",
      run: (place) =>
        sh(place, `timeout 3 ping -c 1 -W 1 ${AT.other}`, { user: "0:0" }),
      reaches: (arrivals) => arrivals.some(({ kind }) => kind === "packet"),
    }),
    network(
      "a new address",
      "ip addr add 203.0.113.9/32 dev lo && ip addr del 203.0.113.9/32 dev lo",
    ),
    network(
      "a new route",
      "ip route add 203.0.113.0/24 dev lo && ip route del 203.0.113.0/24 dev lo",
    ),
    network("a network namespace of one's own", "unshare -n true"),
  ];
}
