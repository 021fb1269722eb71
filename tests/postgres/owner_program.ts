// Starts a server of its own and the shared one, says in which folders they are, and
// waits to be killed.
//
//   deno run … owner_program.ts
import { ask } from "./_programs.ts";
import { PostgresServer } from "./_server.ts";
import { sharedServer } from "./_shared_server.ts";

const [own, shared] = await Promise.all([
  PostgresServer.start(),
  sharedServer(),
]);
const data = await ask(shared, "SHOW data_directory");
console.log(own.folder);
console.log(data.slice(0, data.lastIndexOf("/")));
await new Promise(() => setInterval(() => {}, 60_000));
