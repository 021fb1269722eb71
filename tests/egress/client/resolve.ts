// Asks resolvers, and the system's, for the address of a name.
const [name, ...resolvers] = Deno.args;

for (const ipAddr of resolvers) {
  await ask({ nameServer: { ipAddr, port: 53 } });
}
await ask();

async function ask(options?: Deno.ResolveDnsOptions): Promise<void> {
  const signal = AbortSignal.timeout(1_000);
  try {
    console.log(await Deno.resolveDns(name!, "A", { ...options, signal }));
  } catch (error) {
    console.log(`${error}`);
  }
}
