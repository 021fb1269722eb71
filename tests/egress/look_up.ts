import { AT, PORTS } from "./plan.ts";

const NAME_SERVER = {
  nameServer: { ipAddr: AT.resolver, port: PORTS.dns },
} as const;

/** Asks the world's resolver for all the addresses of a name. */
export async function lookUp(
  host: string,
  options: { readonly signal?: AbortSignal } = {},
): Promise<readonly string[]> {
  const ask = async (type: "A" | "AAAA") => {
    try {
      return await Deno.resolveDns(host, type, { ...NAME_SERVER, ...options });
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    }
  };
  return (await Promise.all([ask("A"), ask("AAAA")])).flat();
}
