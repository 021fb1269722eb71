import { lookup } from "node:dns/promises";

/**
 * Finds the addresses of a name as the host does: its hosts file, its name
 * servers, whatever it is set up to ask.
 */
export async function resolveHost(host: string): Promise<string[]> {
  const found = await lookup(host, { all: true, verbatim: true });
  return found.map(({ address }) => address);
}
