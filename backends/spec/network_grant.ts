import {
  type CheckedNetwork,
  ENV_UNRESTRICTED,
  NETWORK_TIER,
} from "./network_check.ts";
import { refusal } from "./refusal.ts";
import { shown } from "./shown.ts";
import { checkWithin, denyBoth } from "../egress/egress_ceiling.ts";
import type { EgressGrant } from "../egress/egress_grant.ts";
import type { CheckedEgress } from "../egress/egress_policy_check.ts";

/** Who asks for a network, and what has been granted. */
export interface NetworkRequest {
  /** The network. */
  readonly network: CheckedNetwork;
  /** The tier, if there is one. */
  readonly tier: string | undefined;
  /** Whether the operator has opted in to unrestricted networks. */
  readonly unrestricted: boolean;
  /** Scoped egress, if the operator or the tier grants it. */
  readonly egress: EgressGrant | undefined;
  /** Who grants, as messages name it. */
  readonly by: string;
}

/** A network that has been granted. */
export interface GrantedNetwork {
  /** The network, with what the grant denies. */
  readonly network: CheckedNetwork;
  /** The most that its allow-list may become; undefined is whatever is public. */
  readonly egressCeiling: CheckedEgress | undefined;
}

/**
 * Grants a network, or refuses it: without a grant to all but the one tier, an
 * unrestricted one without the operator's opt-in, and one that allows more than
 * was granted.
 *
 * @param request The request.
 * @throws {BackendError} `network_refused`
 */
export function grantNetwork(request: NetworkRequest): GrantedNetwork {
  const { network, tier, egress: grant, by } = request;
  if (network === "none") return { network, egressCeiling: undefined };
  if ("unrestricted" in network) {
    checkTier(request, "an unrestricted network");
    if (request.unrestricted) return { network, egressCeiling: undefined };
    throw refusal(
      "an unrestricted network needs the operator's opt-in, the backend's " +
        `option or ${ENV_UNRESTRICTED}=1, and there is none`,
      "network_refused",
    );
  }
  if (grant === undefined) {
    checkTier({ tier }, "a network without the backend's option egress");
    return { network, egressCeiling: undefined };
  }
  const { allow } = grant;
  if (allow !== undefined) checkWithin(network.egress.allow, allow, by);
  const egress = Object.freeze({
    ...network.egress,
    deny: denyBoth(network.egress.deny, grant.deny),
  });
  return {
    network: Object.freeze({ egress }),
    egressCeiling: allow && Object.freeze({ ...egress, allow }),
  };
}

function checkTier(
  { tier }: Pick<NetworkRequest, "tier">,
  network: string,
): void {
  if (tier === NETWORK_TIER) return;
  const asker = tier === undefined
    ? "the spec names no tier"
    : `the spec's tier is ${shown(tier)}`;
  throw refusal(
    `only the tier ${NETWORK_TIER} may have ${network}, and ${asker}. Launch ` +
      `with tier: "${NETWORK_TIER}", or with network: "none"`,
    "network_refused",
  );
}

/**
 * What a tier grants of scoped egress: what its preset allows, and denies what
 * the backend denies, too; or else what the backend grants.
 *
 * @param network The preset's network.
 * @param grant What the backend grants.
 * @throws {BackendError} `network_refused` if the preset allows more than that.
 */
export function tierEgress(
  network: CheckedNetwork | undefined,
  grant: EgressGrant | undefined,
): EgressGrant | undefined {
  if (typeof network !== "object" || "unrestricted" in network) return grant;
  const { allow, deny } = network.egress;
  if (grant?.allow !== undefined) {
    checkWithin(allow, grant.allow, "the backend's option egress");
  }
  return Object.freeze({ allow, deny: denyBoth(deny, grant?.deny ?? []) });
}
