// Stands for dockerd in tests of with_engine.sh: started with the folder of its
// files, and how it is to behave.

/** Listens as an engine does, until it is asked to end. */
async function serve(folder: string, answers: boolean): Promise<void> {
  await Deno.writeTextFile(`${folder}/docker.pid`, `${Deno.pid}`);
  const server = Deno.serve({
    path: `${folder}/docker.sock`,
    onListen: () => {},
  }, () => new Response("OK", { status: answers ? 200 : 503 }));
  Deno.addSignalListener("SIGTERM", async () => {
    await server.shutdown();
    await Deno.writeTextFile(`${folder}/ended`, "");
    Deno.exit(0);
  });
  await server.finished;
}

if (import.meta.main) {
  const [folder, how] = Deno.args;
  console.error(`fake dockerd: ${how}`);
  if (how === "dies") Deno.exit(1);
  // What an engine that was killed has left would be in the way of a real one.
  await Deno.writeTextFile(`${folder}/docker.pid`, "", { createNew: true });
  await serve(folder!, how !== "hangs");
}
