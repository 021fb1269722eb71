import { assertEquals } from "@std/assert";
import { once } from "node:events";
import { clientOf, refusal } from "./_client.ts";
import { FakeEngine } from "./fake_engine.ts";
import {
  ask,
  forwarder,
  FORWARDER_FAKE_IMAGE,
  FORWARDER_PROGRAM,
} from "./forwarder_program.ts";
import { BASIC_PROGRAMS, programsByName } from "./programs.ts";

const IMAGE = "localhost/box:1";
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const FORWARDER = "localhost/forwarder:1";

function start(): Promise<FakeEngine> {
  return FakeEngine.start({
    images: { [IMAGE]: {}, [FORWARDER]: FORWARDER_FAKE_IMAGE },
    programs: programsByName({
      ...BASIC_PROGRAMS,
      [FORWARDER_PROGRAM]: forwarder,
      ask,
    }),
  });
}

Deno.test("forwarder takes what is asked in its network to the socket, whose name may be gone", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/sock`;
    using listener = Deno.listen({ transport: "unix", path });
    await using engine = await start();
    const docker = clientOf(engine);
    const first = listener.accept();
    const beside = await docker.createContainer({
      Image: FORWARDER,
      Cmd: ["it is ready"],
      OpenStdin: true,
      HostConfig: {
        NetworkMode: "none",
        Mounts: [{ Type: "bind", Source: path, Target: "/zu/egress.sock" }],
      },
    });
    const output = await beside.attach({ stream: true, stdout: true });
    await beside.start();
    (await first).close();
    const [ready] = await once(output, "data");
    assertEquals(text(ready.subarray(8)), "it is ready\n");
    await Deno.remove(path);
    const box = await docker.createContainer({
      Image: IMAGE,
      Cmd: ["ask", "a|b"],
      HostConfig: { NetworkMode: `container:${beside.id}` },
    });
    const second = listener.accept();
    await box.start();
    using conn = await second;
    const bytes = new Uint8Array(16);
    const count = await conn.read(bytes);
    assertEquals(text(bytes.subarray(0, count!)), "a\r\nb");
    await conn.write(new TextEncoder().encode("c"));
    await conn.closeWrite();
    const asking = engine.containers[1]!;
    await engine.when("its end", () => !asking.isRunning);
    const said = asking.output.lines.map(({ bytes }) => text(bytes));
    assertEquals([said, asking.exitCode], [["c"], 0]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("FakeEngine joins networks of what is there and runs alone", async () => {
  await using engine = await start();
  const docker = clientOf(engine);
  const create = (NetworkMode: string) =>
    docker.createContainer({
      Image: IMAGE,
      Cmd: ["sleep"],
      HostConfig: { NetworkMode },
    });
  const owner = await create("none");
  const stranger = await create("container:nobody");
  assertEquals(await refusal(stranger.start()), {
    status: 404,
    message: "No such container: nobody",
  });
  const early = await create(`container:${owner.id.slice(0, 12)}`);
  assertEquals(await refusal(early.start()), {
    status: 409,
    message: `cannot join network of a non running container: ${owner.id}`,
  });
  await owner.start();
  await early.start();
  assertEquals(engine.containers[2]!.networkOwner, engine.containers[0]!);
});
