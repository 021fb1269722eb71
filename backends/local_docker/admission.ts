import type { CheckedSpec, LaunchGrants } from "../spec/complete_spec.ts";
import { checkLaunchSpec } from "../spec/launch_spec_check.ts";
import { checkMountSource } from "../spec/mount_check.ts";
import { ENV_UNRESTRICTED, mayGoUnrestricted } from "../spec/network_check.ts";
import { isWithin } from "../spec/absolute_path.ts";
import { refusal } from "../spec/refusal.ts";
import { type CheckedTiers, checkTiers } from "../spec/tiers.ts";
import {
  type AllowedImage,
  checkImage,
  checkImagePolicies,
  ENV_IMAGE_ALLOW,
} from "../image_policy.ts";
import { readEgressGrant } from "../egress/egress_grant.ts";
import { FORWARDER_IMAGE } from "../egress/forwarder_contract.ts";
import type { ImagePolicy, LaunchSpec, Mount } from "../launch_spec.ts";
import type { LocalDockerBackendOptions } from "../local_docker_options.ts";
import type { EngineAddress } from "./engine_address.ts";
import { readEnv } from "./environment.ts";

/** What of the host is never writable in a sandbox. */
const SYSTEM_FOLDERS = "/bin /boot /etc /lib /lib64 /root /run /sbin /usr"
  .split(" ");

/** The runtimes in which containers can share a network's loopback. */
const SHARES_LOOPBACK = /^(?:runc|crun|youki|io\.containerd\.runc\.v2)$/;

/** What decides what may be launched. */
export interface AdmissionOptions extends
  Pick<
    LocalDockerBackendOptions,
    | "tiers"
    | "imagePolicy"
    | "allowUnrestrictedEgress"
    | "egress"
    | "socketPath"
  > {
  readonly grants: Omit<
    LaunchGrants,
    "socketPaths" | "unrestrictedNetwork" | "egress"
  >;
}

/** A spec that may be launched. */
export interface Admitted extends AllowedImage {
  readonly checked: CheckedSpec;
  /** The image of the forwarder, if it has scoped egress. */
  readonly forwarder: AllowedImage | undefined;
}

/** Decides what may be launched; contacts no engine. */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #egress: LaunchGrants["egress"];
  readonly #tiers: CheckedTiers;

  /** @throws {TypeError} If a tier or a policy makes no sense. */
  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#egress = readEgressGrant(options.egress);
    this.#tiers = checkTiers(options.tiers, this.#grants(undefined));
    checkImagePolicies({ backend: options.imagePolicy });
  }

  /**
   * Checks a spec.
   *
   * @param address Where the engine is, once that is known.
   * @throws {BackendError} `spec_refused`, `image_refused` or `network_refused`
   */
  check(spec: LaunchSpec, address: EngineAddress | undefined): Admitted {
    const checked = checkLaunchSpec(spec, this.#grants(address), this.#tiers);
    const allowed = this.#image(checked.image, checked.imagePolicy);
    const { network } = checked;
    const isScoped = network !== "none" && "egress" in network;
    if (!isScoped) return { ...allowed, checked, forwarder: undefined };
    this.checkEgress(address, checked.runtime);
    const { forwarderImage = FORWARDER_IMAGE } = this.#options.egress ?? {};
    return { ...allowed, checked, forwarder: this.#image(forwarderImage) };
  }

  /**
   * Refuses scoped egress where it cannot be had.
   *
   * @throws {BackendError} `network_refused`
   */
  checkEgress(
    address: EngineAddress | undefined,
    runtime: string | undefined,
  ): void {
    if (address?.kind === "tcp") {
      throw refusal(
        "scoped egress takes an engine on this host, reached over its socket, " +
          "since it mounts a socket of this host's",
        "network_refused",
      );
    }
    if (runtime !== undefined && !SHARES_LOOPBACK.test(runtime)) {
      throw refusal(
        `scoped egress cannot be had in the runtime "${runtime}", whose sandboxes ` +
          "have a loopback of their own, where no forwarder listens",
        "network_refused",
      );
    }
  }

  #image(image: string, spec?: ImagePolicy): AllowedImage {
    return checkImage(image, {
      backend: this.#options.imagePolicy,
      env: readEnv(ENV_IMAGE_ALLOW),
      ...(spec && { spec }),
    });
  }

  /**
   * Follows links in what is to be mounted: where they lead is what is checked,
   * and what is mounted.
   *
   * @param others What other sandboxes have mounted: inside of what they may write
   * to, they could put a link in a folder's place before it is mounted.
   * @throws {BackendError} `spec_refused`
   */
  async realMounts(
    mounts: readonly Required<Mount>[],
    address: EngineAddress | undefined,
    others: readonly Required<Mount>[],
  ): Promise<Required<Mount>[]> {
    const { socketPaths } = this.#grants(address);
    return await Promise.all(mounts.map(async (mount) => {
      const { source } = mount;
      if (address?.kind === "tcp") {
        throw refusal(
          `mounts: ${source} cannot be looked at, since the engine may be on ` +
            "another host. Use an engine's socket",
        );
      }
      const path = { name: "read", path: source } as const;
      if ((await Deno.permissions.query(path)).state !== "granted") {
        throw refusal(
          `mounts: it cannot be seen where ${source} leads. Grant --allow-read ` +
            "for it",
        );
      }
      const real = await Deno.realPath(source).catch((error) => {
        throw refusal(
          `mounts: ${source} cannot be looked at: ${error.message}`,
        );
      });
      checkMountSource(real, socketPaths);
      if ((await Deno.stat(real)).isSocket) {
        throw refusal(
          `mounts: ${source} is a socket, and whatever listens on it would have to ` +
            "guard itself. Mount files and folders",
        );
      }
      if (
        !mount.readOnly && SYSTEM_FOLDERS.some((each) => isWithin(real, each))
      ) {
        throw refusal(
          `mounts: ${source} is the host's own, and could be written to. Leave ` +
            "readOnly out",
        );
      }
      const writable = others.find((other) =>
        !other.readOnly && other.source !== real && isWithin(real, other.source)
      );
      if (writable !== undefined) {
        throw refusal(
          `mounts: ${source} is inside of ${writable.source}, where another ` +
            "sandbox can put a link in its place. Mount something else",
        );
      }
      return { ...mount, source: real };
    }));
  }

  #grants(address: EngineAddress | undefined): LaunchGrants {
    const { grants, socketPath, allowUnrestrictedEgress } = this.#options;
    const found = address?.kind === "unix" ? address.path : undefined;
    return {
      ...grants,
      egress: this.#egress,
      socketPaths: [socketPath, found].filter((path) => path !== undefined),
      unrestrictedNetwork: mayGoUnrestricted(
        allowUnrestrictedEgress,
        readEnv(ENV_UNRESTRICTED),
      ),
    };
  }
}
