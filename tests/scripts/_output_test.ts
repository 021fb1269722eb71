import { assertEquals, assertRejects } from "@std/assert";
import { outputOf, type Said } from "../../scripts/_output.ts";

/** A stream that is written to by hand. */
function stream() {
  const { readable, writable } = new TransformStream<
    Uint8Array<ArrayBuffer>,
    Uint8Array<ArrayBuffer>
  >();
  const writer = writable.getWriter();
  const write = async (text: string) =>
    await writer.write(new TextEncoder().encode(text));
  return { readable, write, writer };
}

function words(said: readonly Said[]): string[] {
  return said.map(({ to, bytes }) =>
    `${to}: ${new TextDecoder().decode(bytes)}`
  );
}

Deno.test("outputOf holds what is written until it is read, in its order", async () => {
  const [out, err] = [stream(), stream()];
  const output = outputOf({ stdout: out.readable, stderr: err.readable });
  // Each of these ends when it is taken, and nobody reads yet.
  await out.write("1");
  await err.write("2");
  await out.write("3");
  await err.writer.close();
  await out.write("4");
  await out.writer.close();
  assertEquals(words(await Array.fromAsync(output)), [
    "stdout: 1",
    "stderr: 2",
    "stdout: 3",
    "stdout: 4",
  ]);
});

Deno.test("outputOf holds no more than its bound, and loses nothing", async () => {
  const [out, err] = [stream(), stream()];
  const output = outputOf({ stdout: out.readable, stderr: err.readable });
  await err.writer.close();
  const piece = new Uint8Array(1024 * 1024);
  let taken = 0;
  const pieces = 40;
  const writing = (async () => {
    for (; taken < pieces; taken++) await out.writer.write(piece);
    await out.writer.close();
  })();
  // All that can happen without a reader has happened by the next turn.
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(taken < 20, true, `${taken} MiB were held`);
  let read = 0;
  for await (const { bytes } of output) read += bytes.length;
  await writing;
  assertEquals(read, pieces * piece.length);
});

Deno.test("outputOf fails its reader where an output fails", async () => {
  const [out, err] = [stream(), stream()];
  const output = outputOf({ stdout: out.readable, stderr: err.readable });
  const broken = new Error("broken pipe");
  await err.writer.abort(broken);
  assertEquals(await assertRejects(() => Array.fromAsync(output)), broken);
  await out.writer.close();
});
