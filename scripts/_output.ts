// What programs write, passed on with nothing between its pieces.

import { keepTail } from "./_tally.ts";

/**
 * How much of a program's output is held until it is shown. One that writes more
 * waits, and loses nothing.
 */
const HELD_BYTES_MAX = 16 * 1024 * 1024;

/** A piece of what a program has written. */
export interface Said {
  readonly to: "stdout" | "stderr";
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** What a program writes to both of its outputs, in the order in which it comes. */
export function outputOf(
  { stdout, stderr }: Record<Said["to"], ReadableStream<Said["bytes"]>>,
): ReadableStream<Said> {
  const { readable, writable } = new TransformStream<Said, Said>(
    {},
    undefined,
    { highWaterMark: HELD_BYTES_MAX, size: (said) => said!.bytes.length },
  );
  const writer = writable.getWriter();
  const take = async (to: Said["to"], from: typeof stdout) => {
    for await (const bytes of from) await writer.write({ to, bytes });
  };
  Promise.all([take("stdout", stdout), take("stderr", stderr)])
    // An error of either is the reader's to see.
    .then(() => writer.close(), (error) => writer.abort(error));
  return readable;
}

/** The ends of what a program has written. */
export interface Tails {
  readonly stdout: string;
  /** Of both outputs, as they came. */
  readonly both: string;
}

/** Shows what a program writes, until it has ended, and keeps the end of it. */
export async function show(output: ReadableStream<Said>): Promise<Tails> {
  let [stdout, both] = ["", ""];
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  for await (const { to, bytes } of output) {
    for (let at = 0; at < bytes.length;) {
      at += await Deno[to].write(bytes.subarray(at));
    }
    const more = decoders[to].decode(bytes, { stream: true });
    both = keepTail(both, more);
    if (to === "stdout") stdout = keepTail(stdout, more);
  }
  return { stdout, both };
}
