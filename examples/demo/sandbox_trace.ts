import type {
  EgressAttempt,
  Observation,
  Posture,
  Sandbox,
} from "@zu/backends/backends";
import { createEvent, type StoredEvent } from "@zu/backends/sinks";
import type { TimedCall } from "./sandbox_tools.ts";
import type { Publish } from "./shipping.ts";

/** Who launches, calls and destroys, as events name it. */
const LOOP = "loop";

/** An event, but for what all of a trace have in common. */
interface Entry {
  readonly type: string;
  readonly source: string;
  readonly payload: Record<string, unknown>;
  /** What it follows from. */
  readonly parent?: StoredEvent;
}

/** Records what becomes of a sandbox, as events of one trace and one task. */
export class SandboxTrace {
  readonly #publish: Publish;
  readonly #ids = {
    trace_id: crypto.randomUUID(),
    task_id: crypto.randomUUID(),
  };
  readonly #published: StoredEvent[] = [];
  /** What is going on: what is tried meanwhile follows from it. */
  #current: StoredEvent | undefined;
  #last: Promise<unknown> = Promise.resolve();

  /** Begins a trace; publishes nothing yet. */
  constructor(publish: Publish) {
    this.#publish = publish;
  }

  /** What has been recorded, in order. */
  get published(): readonly StoredEvent[] {
    return this.#published;
  }

  /** Records that a sandbox is there, and what guards it has. */
  async launched(
    { id, image, backend, egress }: Sandbox,
    posture: Posture,
    launchMs: number,
  ): Promise<StoredEvent> {
    const type = "harness.sandbox.launched";
    const facts = { id, image, backend, launch_ms: launchMs };
    const payload = {
      ...facts,
      posture: guardsOf(posture),
      ...egress && { egress: { allow: egress.policy.allow } },
    };
    const entry = { type, source: LOOP, payload };
    return this.#current = await this.#record(entry);
  }

  /** Records what is asked for, before it is done. */
  async called(
    launched: StoredEvent,
    { name, args, timeoutMs }: TimedCall,
  ): Promise<StoredEvent> {
    const { id } = launched.event.payload;
    const payload = { id, tool: name, args, timeout_ms: timeoutMs };
    const type = "harness.tool.called";
    const entry = { type, source: LOOP, payload, parent: launched };
    return this.#current = await this.#record(entry);
  }

  /** Records what the sandbox tried to reach, as its proxy tells of it. */
  async attempted(attempt: EgressAttempt): Promise<StoredEvent> {
    return await this.#record({
      type: "data.egress.attempted",
      source: "egress",
      payload: { ...attempt },
      ...this.#current && { parent: this.#current },
    });
  }

  /** Records what came of it. */
  async observed(
    called: StoredEvent,
    observation: Observation,
    durationMs: number,
  ): Promise<StoredEvent> {
    const { id, tool } = called.event.payload;
    return await this.#record({
      type: "data.tool.observed",
      source: String(tool),
      payload: { id, tool, duration_ms: durationMs, observation },
      parent: called,
    });
  }

  /** Records that the sandbox is gone. */
  async destroyed(launched: StoredEvent): Promise<StoredEvent> {
    const { id } = launched.event.payload;
    return await this.#record({
      type: "harness.sandbox.destroyed",
      source: LOOP,
      payload: { id },
      parent: launched,
    });
  }

  /** Publishes one after the other, in the order in which it is told of them. */
  async #record({ parent, ...entry }: Entry): Promise<StoredEvent> {
    const parent_id = parent?.event.event_id ?? null;
    const event = createEvent({ ...this.#ids, parent_id, ...entry });
    const recording = this.#last.then(async () => {
      const stored = await this.#publish(event);
      this.#published.push(stored);
      return stored;
    });
    this.#last = recording.catch(() => {});
    return await recording;
  }
}

/** The guards that a reader of the log asks for first, spelt as in events. */
function guardsOf(posture: Posture): Record<string, unknown> {
  const { uid, gid, capabilities, seccomp, interfaces, runtime } = posture;
  const { memory, swap, cpus, pids } = posture;
  return {
    uid,
    gid,
    capabilities,
    no_new_privileges: posture.noNewPrivileges,
    seccomp,
    interfaces,
    read_only_rootfs: posture.readOnlyRootfs,
    memory,
    swap,
    cpus,
    pids,
    runtime,
  };
}
