import { Refused } from "./refused.ts";

/**
 * Whether an address is one of this machine's own: what listens here may rely on a
 * firewall that only others have to pass. Only a machine's own can be bound to.
 *
 * @throws {Refused} `unreachable`, if that cannot be found out.
 */
export function isOwnAddress(address: string): boolean {
  try {
    Deno.listen({ hostname: address, port: 0 }).close();
    return true;
  } catch (cause) {
    const { code } = cause as { code?: string };
    // Of a kind that this machine has not at all, it cannot be dialled either.
    if (code === "EADDRNOTAVAIL" || code === "EAFNOSUPPORT") return false;
    throw new Refused(
      "unreachable",
      `It cannot be seen whether ${address} is this machine's own`,
      { cause },
    );
  }
}
