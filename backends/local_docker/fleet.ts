import type { CheckedSpec } from "../spec/complete_spec.ts";
import { imageReferenceText } from "../spec/image_reference.ts";
import { TIMER_MS_MAX } from "../_until_ended.ts";
import { AddressRanges } from "../egress/public_address.ts";
import { BackendError } from "../backend_error.ts";
import type { LaunchSpec } from "../launch_spec.ts";
import type { LocalDockerBackendOptions } from "../local_docker_options.ts";
import type { Posture } from "../posture.ts";
import type { LaunchOptions, Sandbox } from "../sandbox_backend.ts";
import type { SandboxEgress } from "../sandbox_egress.ts";
import {
  Admission,
  type AdmissionOptions,
  type Admitted,
} from "./admission.ts";
import type { Box, BoxFacts } from "./box.ts";
import { checkRuntime } from "./check_runtime.ts";
import { connect } from "./connect.ts";
import { Cleanups, type Removal } from "./cleanups.ts";
import { delay } from "./delay.ts";
import { Engine } from "./engine.ts";
import {
  addressText,
  type EngineAddress,
  findEngine,
} from "./engine_address.ts";
import { exists, readEnv } from "./environment.ts";
import { belongingLabels } from "./labels.ts";
import { launch, type Launched } from "./launch.ts";
import { lookAtPosture } from "./look_at_posture.ts";
import type { Member } from "./member.ts";
import { readOwner } from "./owner.ts";
import { Preparation } from "./preparation.ts";
import {
  PROXY_ENV,
  ScopedEgress,
  type ScopedEgressRequest,
} from "./scoped_egress.ts";
import { cleanUp, type StartContext } from "./start_container.ts";
import { sweep, type Swept } from "./sweep.ts";

/** How long what is still to be removed is waited for when all is closed. */
const CLOSE_PATIENCE_MS = 30_000;
/** Time for a sandbox to end itself before this process does it. */
const EXPIRY_GRACE_MS = 2_000;

/** What a fleet is launched with; see {@linkcode LocalDockerBackendOptions}. */
export interface FleetOptions
  extends LocalDockerBackendOptions, AdmissionOptions {
  readonly startupTimeoutMs: number;
}

/** The sandboxes that a process has launched, and what it may launch. */
export class Fleet {
  readonly #options: FleetOptions;
  readonly #admission: Admission;
  readonly #engine: Engine;
  readonly #preparation: Preparation;
  readonly #run: string;
  readonly #ranges: AddressRanges;
  readonly #members = new Set<Member>();
  /** What users hold of them. */
  readonly #held = new WeakMap<Sandbox, Member>();
  readonly #cleanups: Cleanups;
  readonly #launches = new Set<Promise<unknown>>();
  readonly #closing = new AbortController();
  #address: EngineAddress | undefined;

  constructor(options: FleetOptions) {
    this.#options = options;
    this.#run = options.runId ?? crypto.randomUUID();
    this.#admission = new Admission(options);
    this.#ranges = new AddressRanges(options.egress?.treatAsPublic);
    this.#cleanups = new Cleanups((error) => {
      this.#warn(`A container could not be removed: ${error}`);
    });
    this.#engine = new Engine(async () => {
      if (options.docker !== undefined) return options.docker;
      return await connect(await this.#findEngine());
    }, () => this.#address && addressText(this.#address));
    this.#preparation = new Preparation(this.#engine, {
      timeoutMs: options.startupTimeoutMs,
      onWarning: (text) => this.#warn(text),
    });
  }

  /** How many sandboxes it has. */
  get size(): number {
    return this.#members.size;
  }

  /**
   * Launches a sandbox.
   *
   * @param hold Makes what its user holds of it.
   */
  async launch(
    spec: LaunchSpec,
    options: LaunchOptions,
    hold: (facts: BoxFacts, egress: SandboxEgress | undefined) => Sandbox,
  ): Promise<Sandbox> {
    this.assertOpen();
    options.signal?.throwIfAborted();
    const admitted = this.check(spec);
    this.#tellOfNetwork(admitted.checked);
    const calledOff = new AbortController();
    const abort = () => calledOff.abort(options.signal?.reason);
    const close = () => calledOff.abort(closed());
    options.signal?.addEventListener("abort", abort, { once: true });
    this.#closing.signal.addEventListener("abort", close, { once: true });
    const launching = this.#launch(admitted, {
      ...options,
      signal: calledOff.signal,
    });
    this.#launches.add(launching);
    try {
      const member = await launching;
      const sandbox = hold(member.box.facts, member.egress?.handle);
      this.#held.set(sandbox, member);
      return sandbox;
    } finally {
      this.#launches.delete(launching);
      options.signal?.removeEventListener("abort", abort);
      this.#closing.signal.removeEventListener("abort", close);
    }
  }

  /** Whether a sandbox is one of its own, and is not known to be gone. */
  isAlive(sandbox: Sandbox): boolean {
    return this.#held.get(sandbox)?.box.gone.aborted === false;
  }

  /** @throws {BackendError} `sandbox_gone` */
  box(sandbox: Sandbox, what: string): Box {
    return this.#member(sandbox, what).box;
  }

  /** Looks at a sandbox's guards. */
  async posture(sandbox: Sandbox): Promise<Posture> {
    const { box, plan } = this.#member(sandbox, "look at its guards");
    return await lookAtPosture(box, plan);
  }

  /** Ends a sandbox; harmless if there is none, or it has ended. */
  async destroy(sandbox: Sandbox): Promise<void> {
    await this.#held.get(sandbox)?.destroy("it was destroyed");
  }

  #member(sandbox: Sandbox, what: string): Member {
    const member = this.#held.get(sandbox);
    if (member !== undefined) {
      member.box.assertAlive(what);
      return member;
    }
    throw new BackendError(
      "sandbox_gone",
      `Cannot ${what}: sandbox ${sandbox?.id} is none that this backend has ` +
        "launched. Give the one that launch returned",
    );
  }

  /** Checks a spec, and contacts nothing. */
  check(spec: LaunchSpec): Admitted {
    return this.#admission.check(spec, this.#address);
  }

  /** Removes what others have left; see sweep.ts. */
  async sweep(): Promise<Swept[]> {
    await this.#cleanups.retry();
    return await sweep(this.#engine, await readOwner());
  }

  /** @throws {BackendError} `closed` */
  assertOpen(): void {
    if (this.#closing.signal.aborted) throw closed();
  }

  /** Ends every sandbox, and waits until none is left. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled([...this.#launches, this.#preparation.done()]);
    const ends = Array.from(
      this.#members,
      (member) => member.destroy("its backend was closed"),
    );
    await Promise.allSettled(ends);
    const over = new AbortController();
    const isLate = await Promise.race([
      this.#cleanups.retry().then(() => false),
      delay(CLOSE_PATIENCE_MS, over.signal),
    ]);
    over.abort();
    if (isLate) throw mayBeLeft();
    // What could not be removed is for the one who closes to know.
    this.#cleanups.assertNoneFailed();
  }

  async #launch(admitted: Admitted, options: LaunchOptions): Promise<Member> {
    const owner = await this.#preparation.owner(options.signal);
    // The engine answers: what it could not remove before, it may be able to now.
    void this.#cleanups.retry();
    const { checked, reference, pull } = admitted;
    if (checked.runtime !== undefined) {
      await checkRuntime(this.#engine, checked.runtime, options.signal);
    }
    const { ttlMs, mounts, network, labels, ...rest } = checked;
    const expiresAt = Date.now() + ttlMs;
    const belonging = belongingLabels({ owner, run: this.#run, expiresAt });
    const context = {
      ...options,
      engine: this.#engine,
      startupTimeoutMs: this.#options.startupTimeoutMs,
      onCleanup: (remove: Removal) => this.#cleanups.run(remove),
    };
    const others = [...this.#members].flatMap(({ plan }) => plan.mounts);
    const own = await this.#admission.realMounts(mounts, this.#address, others);
    const known = {
      labels: belonging,
      mounted: [...others, ...own].map(({ source }) => source),
    };
    const egress = await this.#openEgress(admitted, known, context);
    try {
      const launched = await launch({
        ...rest,
        ttlMs,
        expiresAt,
        imageName: imageReferenceText(reference),
        pull,
        env: { ...egress && PROXY_ENV, ...checked.env },
        labels: { ...labels, ...belonging },
        mounts: own,
        networkMode: egress?.networkMode ??
          (network === "none" ? "none" : "bridge"),
        onCreated: (id) => egress?.belongTo(id),
      }, context);
      return this.#add(launched, egress);
    } catch (error) {
      if (egress !== undefined) await cleanUp(() => egress.close(), context);
      throw error;
    }
  }

  /** Opens the way out, if the sandbox is to have a scoped one. */
  async #openEgress(
    { checked, forwarder }: Admitted,
    known: Pick<ScopedEgressRequest, "labels" | "mounted">,
    context: StartContext,
  ): Promise<ScopedEgress | undefined> {
    const { network, egressCeiling: ceiling, ttlMs, runtime } = checked;
    if (forwarder === undefined || typeof network === "string") return;
    if (!("egress" in network)) return;
    // The engine may have been found only now.
    this.#admission.checkEgress(this.#address, runtime);
    return await ScopedEgress.open({
      ...this.#options.egress,
      ...known,
      image: imageReferenceText(forwarder.reference),
      pull: forwarder.pull,
      ttlMs,
      policy: network.egress,
      ceiling,
      ranges: this.#ranges,
      onWarning: (text) => this.#warn(text),
    }, context);
  }

  #add({ box, leash, plan }: Launched, egress?: ScopedEgress): Member {
    const leftMs = box.facts.expiresAt + EXPIRY_GRACE_MS - Date.now();
    const expire = () => {
      this.#cleanups.run(() => member.destroy("its time to live is over"));
    };
    // Also where it ends itself: its image may not have told the truth.
    const timer = setTimeout(expire, Math.min(leftMs, TIMER_MS_MAX));
    // Sandboxes that are still open are no reason not to exit.
    Deno.unrefTimer(timer);
    const forget = () => {
      clearTimeout(timer);
      this.#members.delete(member);
    };
    const member: Member = {
      box,
      plan,
      egress,
      destroy: async (reason) => {
        forget();
        const remove = async () => {
          try {
            await box.remove(reason);
          } finally {
            // Earlier, it would end by itself, and be waited for to be gone.
            leash.release();
            await egress?.close();
          }
        };
        await remove().catch((error) => {
          this.#cleanups.remember(remove, error);
          throw error;
        });
      },
    };
    this.#members.add(member);
    leash.onLost(() => {
      if (!this.#members.has(member)) return;
      box.markEnded();
      forget();
      // The engine removes what has ended, but for one that was restarted.
      this.#cleanups.run(() => box.remove("its container has ended"));
      if (egress !== undefined) this.#cleanups.run(() => egress.close());
    });
    return member;
  }

  #tellOfNetwork({ network, image }: CheckedSpec): void {
    if (network === "none" || !("unrestricted" in network)) return;
    this.#warn(
      `Launching ${image} with an unrestricted network, by explicit opt-in`,
    );
  }

  async #findEngine(): Promise<EngineAddress> {
    const { socketPath, allowPlainTcp } = this.#options;
    return this.#address = await findEngine({
      socketPath,
      allowPlainTcp,
      env: readEnv,
      exists,
      os: Deno.build.os,
    });
  }

  #warn(text: string): void {
    const { onWarning = console.warn } = this.#options;
    onWarning(text);
  }
}

function closed(): BackendError {
  return new BackendError(
    "closed",
    "Cannot launch: the backend was closed. Make a new one",
  );
}

function mayBeLeft(): BackendError {
  return new BackendError(
    "engine_unavailable",
    "Cannot close in time: the engine does not say whether all is removed. What it " +
      "has left is removed by the first launch after its time to live",
  );
}
