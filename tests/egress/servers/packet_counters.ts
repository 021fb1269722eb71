import type { Arrival } from "../witness.ts";

/** What the kernel counts of packets that no server listens for. */
const COUNTERS = [
  { file: "/proc/net/snmp", row: "Icmp:", name: "InEchos" },
] as const;

/** Tells of the pings that the kernel answers by itself. */
export class PacketCounters {
  readonly #log: (arrival: Arrival) => void;
  readonly #last = new Map<string, number>();

  constructor(log: (arrival: Arrival) => void) {
    this.#log = log;
  }

  /** Logs one arrival for each counter that has gone up since the last look. */
  async look(): Promise<void> {
    for (const { file, row, name } of COUNTERS) {
      const lines = (await Deno.readTextFile(file)).split("\n")
        .filter((line) => line.startsWith(row))
        .map((line) => line.split(" "));
      const value = Number(lines[1]?.[lines[0]?.indexOf(name) ?? -1] ?? 0);
      const last = this.#last.get(name);
      this.#last.set(name, value);
      if (last === undefined || value === last) continue;
      const text = `${value - last} × ${name}`;
      this.#log({ where: "the world", kind: "packet", peer: "unknown", text });
    }
  }
}
