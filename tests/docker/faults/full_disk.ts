// The sandbox's folder in memory is full.
import { assert, assertEquals } from "@std/assert";
import { text } from "../_engine.ts";
import {
  assertWorks,
  failsWith,
  type Fault,
  launch,
  type World,
} from "./_world.ts";

/** Nothing can be written to `/tmp`, until something there is removed. */
export const inTheSandbox: Fault = async (world: World): Promise<void> => {
  const { backend } = world;
  await using sandbox = await launch(world, { tmpfs: { "/tmp": "size=1m" } });
  const files = backend.files(sandbox);
  const large = new Uint8Array(3 * 2 ** 20);
  await files.write("/tmp/kept", "from before");
  const names = async () => (await files.list("/tmp")).map(({ name }) => name);
  const stream = () => new Blob([large]).stream();
  for (const data of [large, stream()]) {
    const { message } = await failsWith(
      "file_failed",
      () => files.write("/tmp/large", data),
    );
    assert(/No space left/.test(message), message);
    assertEquals(await names(), ["kept"], "something was left");
  }
  const script = "dd if=/dev/zero of=/tmp/big bs=64k count=64";
  const { outcome, exitCode, stderr } = await backend.run(sandbox, [
    "sh",
    "-c",
    script,
  ]);
  assertEquals([outcome, exitCode], ["exited", 1]);
  assert(/No space left/.test(text(stderr)), text(stderr));
  // Programs that write nothing there go on, and what is there can be read.
  await assertWorks(world, sandbox);
  await failsWith(
    "file_failed",
    () => files.write("/tmp/small", "x".repeat(9)),
  );
  assertEquals(await files.readText("/tmp/kept"), "from before");
  await files.remove("/tmp/big");
  await files.write("/tmp/small", "it fits again");
  assertEquals(await names(), ["kept", "small"]);
};
