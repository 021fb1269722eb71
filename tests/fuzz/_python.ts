// Python, whose own modules are what ours are compared with.
import { type PeerCommand, whyNot } from "./_peer.ts";

/** Why Python cannot be asked, or undefined where it can. */
const reason: string | undefined = await whyNot({
  command: "python3",
  args: ["-c", "import json, hashlib, tarfile"],
});

const isRequired = Deno.env.get("ZU_REQUIRE_PYTHON") === "1";

/** What precedes each program: it reads questions, and answers with lines. */
const LOOP = `
import struct, sys, threading

# Room for values that nest deep.
threading.stack_size(2 ** 29)

def questions():
    read = sys.stdin.buffer.read
    while head := read(4):
        yield read(struct.unpack(">I", head)[0])

def serve(answer):
    write = sys.stdout.write
    for question in questions():
        write(answer(question) + "\\n")
        # A question may be the last one of a batch.
        sys.stdout.flush()
`;

/** How a program with a function \`answer\` is run. */
export function pythonPeer(program: string): PeerCommand {
  const start = "threading.Thread(target=serve, args=(answer,)).start()";
  const whole = `${LOOP}\n${program}\n${start}\n`;
  return { command: "python3", args: ["-X", "utf8", "-c", whole] };
}

/**
 * Declares a test that asks Python. Where there is none it is skipped, and says
 * why; under ZU_REQUIRE_PYTHON=1 it fails.
 */
export function pythonTest(name: string, fn: () => Promise<void>): void {
  if (isRequired && reason !== undefined) {
    Deno.test(name, () => {
      throw new Error(`ZU_REQUIRE_PYTHON=1, and ${reason}`);
    });
    return;
  }
  Deno.test({
    name: name + (reason === undefined ? "" : ` (skipped: ${reason})`),
    ignore: reason !== undefined,
    fn,
  });
}
