import type { Attack } from "../attack.ts";
import { allowedRequests } from "./allowed.ts";
import { authorityAttacks } from "./authorities.ts";
import { directAttacks } from "./direct.ts";
import { dnsAttacks } from "./dns.ts";
import { lastLook, launches } from "./failing_closed.ts";
import { floodAttacks } from "./floods.ts";
import { forwarderAttacks } from "./forwarder.ts";
import { grantAttacks } from "./grants.ts";
import { insideNameAttacks } from "./inside_names.ts";
import { malformedAttacks } from "./malformed.ts";
import { neighbourAttacks } from "./neighbours.ts";
import { rawSocketAttacks } from "./raw_sockets.ts";
import { smugglingAttacks } from "./smuggling.ts";
import { spellingAttacks } from "./spellings.ts";
import { tunnelAttacks } from "./tunnels.ts";

/** What a machine has, that others have not. */
export interface MachineFacts {
  readonly hasIPv6: boolean;
  /** Whether it may be a virtual one, with sockets to its host. */
  readonly hasMachineSockets: boolean;
}

/** All that is tried, in its order. */
export function allAttacks(
  { hasIPv6, hasMachineSockets }: MachineFacts,
): Attack[] {
  return [
    ...allowedRequests(),
    ...directAttacks(hasIPv6),
    ...rawSocketAttacks(hasMachineSockets),
    ...dnsAttacks(),
    ...spellingAttacks(hasIPv6),
    ...insideNameAttacks(hasIPv6),
    ...authorityAttacks(),
    ...tunnelAttacks(),
    ...smugglingAttacks(),
    ...malformedAttacks(),
    ...floodAttacks(),
    ...neighbourAttacks(),
    ...grantAttacks(),
    ...launches(),
    // The last: after it, the second sandbox is cut off.
    ...forwarderAttacks(),
    lastLook,
  ];
}
