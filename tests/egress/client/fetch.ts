// Fetches a URL as any program would, and prints what came, or its hash.
import { createHash } from "node:crypto";

const [url = "", ca = "", how] = Deno.args;
try {
  const client = Deno.createHttpClient({ caCerts: [ca] });
  const response = await fetch(url, { client });
  if (how === "hash") {
    const hash = createHash("sha256");
    for await (const chunk of response.body!) hash.update(chunk);
    console.log(hash.digest("hex"));
  } else {
    console.log(await response.text());
  }
} catch (error) {
  console.log(error);
}
Deno.exit(0);
