// Fetches a URL, with an environment that names no proxy.
for (const name of Object.keys(Deno.env.toObject())) {
  if (/proxy/i.test(name)) Deno.env.delete(name);
}
Deno.env.set("NO_PROXY", "*");
try {
  const response = await fetch(Deno.args[0]!);
  console.log(response.status, await response.text());
} catch (error) {
  console.log(error);
}
