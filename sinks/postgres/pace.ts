import { cpuUsage } from "node:process";

/** How long a look at the process is, at least. */
const WINDOW_MS = 100;
/**
 * How much of a core the process must take for groups to overlap. On two cores, one
 * process with 64 appenders takes 0.6 with overlapping groups and 0.45 without, and
 * stores a third less without; each of four takes 0.25, and they store a fifth more.
 */
const BUSY_MIN = 0.4;

/**
 * Tells whether it is worth while to send a group while another one is on its way: half
 * of those who wait go with each then, and one is prepared while the other is stored.
 * That is so where this process is what others wait for. One that mostly waits itself,
 * for a server that is far or that many append to, has it do twice the commits for
 * nothing.
 */
export class Pace {
  readonly #now: () => number;
  readonly #cpuMs: () => number;
  #sinceMs: number;
  #sinceCpuMs: number;
  #isBusy = true;

  /** @param now The time, and `cpuMs` what the process has taken of it. */
  constructor(
    now: () => number = () => performance.now(),
    cpuMs: () => number = ownCpuMs,
  ) {
    this.#now = now;
    this.#cpuMs = cpuMs;
    this.#sinceMs = now();
    this.#sinceCpuMs = cpuMs();
  }

  /** Whether groups are to overlap; they do until it is known better. */
  overlaps(): boolean {
    const now = this.#now();
    if (now - this.#sinceMs >= WINDOW_MS) {
      const cpuMs = this.#cpuMs();
      const share = (cpuMs - this.#sinceCpuMs) / (now - this.#sinceMs);
      this.#isBusy = share >= BUSY_MIN;
      [this.#sinceMs, this.#sinceCpuMs] = [now, cpuMs];
    }
    return this.#isBusy;
  }
}

function ownCpuMs(): number {
  const { user, system } = cpuUsage();
  return (user + system) / 1000;
}
