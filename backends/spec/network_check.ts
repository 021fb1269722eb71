import { nearestName } from "./nearest_name.ts";
import { refusal } from "./refusal.ts";
import { shown } from "./shown.ts";
import { fieldsOf, wrong } from "./spec_values.ts";
import { BackendError } from "../backend_error.ts";
import { checkWithin, narrowEgress } from "../egress/egress_ceiling.ts";
import {
  type CheckedEgress,
  policyOf,
  readEgress,
} from "../egress/egress_policy_check.ts";
import type { NetworkSpec } from "../launch_spec.ts";

/** What a sandbox can reach, with every value in one form. */
export type CheckedNetwork =
  | "none"
  | { readonly unrestricted: true }
  | { readonly egress: CheckedEgress };

/** The only tier that may have a network where nothing else is granted. */
export const NETWORK_TIER = "render";
/** The variable that is an operator's opt-in to unrestricted networks. */
export const ENV_UNRESTRICTED = "ZU_ALLOW_UNRESTRICTED_EGRESS";

const RULE =
  'it must be "none", { unrestricted: true } or { egress: { allow: […] } }';

/**
 * Reads what a sandbox is to reach, which may be anything. Only the three forms
 * that there are mean something: a network by mistake would be no mistake that
 * anybody sees.
 *
 * @param value The network.
 * @param what What it is, as messages name it.
 * @throws {BackendError} `network_refused`
 */
export function readNetwork(value: unknown, what = "network"): CheckedNetwork {
  if (value === "none") return value;
  try {
    return readGrant(value, what);
  } catch (cause) {
    if (!(cause instanceof BackendError)) throw cause;
    throw new BackendError("network_refused", cause.message);
  }
}

function readGrant(value: unknown, what: string): CheckedNetwork {
  if (typeof value !== "object" || value === null) {
    const isClose = typeof value === "string" &&
      nearestName(value, ["none"]).isClose;
    wrong(what, value, isClose ? 'did you mean "none"?' : RULE);
  }
  const fields = fieldsOf(value, what, ["unrestricted", "egress"]);
  const [only, ...others] = fields;
  if (only === undefined || others.length > 0) {
    throw refusal(`${what} is an object with ${fields.size} keys, but ${RULE}`);
  }
  const [key, grant] = only;
  if (key === "egress") {
    return Object.freeze({ egress: readEgress(grant, `${what}.egress`) });
  }
  if (grant !== true) {
    wrong(`${what}.unrestricted`, grant, `if it is there, ${RULE}`);
  }
  return Object.freeze({ unrestricted: true });
}

/**
 * A network that reaches what one network does, as far as another one does, too.
 *
 * @param own The one.
 * @param ceiling The other.
 * @param by Who grants the ceiling, as messages name it.
 * @returns Undefined if the ceiling does not reach all that the one is to.
 * @throws {BackendError} `network_refused` if that is for one of its rules.
 */
export function narrowNetwork(
  own: CheckedNetwork,
  ceiling: CheckedNetwork,
  by: string,
): CheckedNetwork | undefined {
  if (own === "none") return own;
  if (ceiling === "none") return undefined;
  if ("unrestricted" in ceiling) return own;
  if ("unrestricted" in own) return undefined;
  checkWithin(own.egress.allow, ceiling.egress.allow, by);
  const egress = narrowEgress(own.egress, ceiling.egress);
  return egress === undefined ? undefined : Object.freeze({ egress });
}

/** A checked network as one to write down, with all of its policy. */
export function networkOf(network: CheckedNetwork): NetworkSpec {
  return network === "none" || "unrestricted" in network
    ? network
    : Object.freeze({ egress: policyOf(network.egress) });
}

/**
 * Whether an operator has opted in to unrestricted networks: by the option, or
 * else by the variable, which has to say so. That it is there means nothing.
 *
 * @param option The backend's option; false is a no, whatever the variable says.
 * @param env The variable's value: `1`, `true`, `yes` or `on`, in any case, is a
 * yes, and anything else is a no.
 * @throws {TypeError} If the option is neither true nor false.
 */
export function mayGoUnrestricted(
  option: boolean | undefined,
  env: string | undefined,
): boolean {
  if (option !== undefined && typeof option !== "boolean") {
    throw new TypeError(
      `The opt-in to unrestricted networks is ${shown(option)}, but it must ` +
        "be true or false",
    );
  }
  return option ?? /^(?:1|true|yes|on)$/i.test((env ?? "").trim());
}
