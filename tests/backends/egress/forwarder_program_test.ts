import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { forwarderSource } from "../../../backends/egress/forwarder_program.ts";
import {
  FORWARDER_PORT,
  FORWARDER_SOCKET,
} from "../../../backends/egress/forwarder_contract.ts";
import { eventually } from "./_line.ts";
import {
  echo,
  echoAtEnd,
  Forwarder,
  readAll,
  READY_LINE,
  send,
  Server,
  startBoth,
  untilClosed,
} from "./_forwarder.ts";

const encoder = new TextEncoder();

/** Bytes that are not the same anywhere. */
function noise(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let state = 0x2545f491;
  for (let at = 0; at < length; at++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[at] = state;
  }
  return bytes;
}

async function digest(bytes: Uint8Array): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", bytes.slice());
  return new Uint8Array(hash).toHex();
}

/** One connection, there and back. */
async function roundTrip(
  forwarder: Forwarder,
  bytes: Uint8Array,
): Promise<Uint8Array> {
  using conn = await forwarder.connect();
  await send(conn, bytes);
  await conn.closeWrite();
  return await readAll(conn);
}

Deno.test("forwarderSource is one module without imports, for the contract's place", () => {
  const source = forwarderSource();
  assert(!/\bimport\b/.test(source), source);
  assert(source.includes(JSON.stringify(FORWARDER_SOCKET)));
  assert(source.includes(`"port":${FORWARDER_PORT}`));
});

Deno.test("forward passes bytes and the end of each side on", async () => {
  await using both = await startBoth(echoAtEnd);
  assertEquals(
    await roundTrip(both.forwarder, encoder.encode("there and back")),
    encoder.encode("there and back"),
  );
});

Deno.test("forward goes on with one way when the server has ended the other", async () => {
  const received = Promise.withResolvers<Uint8Array>();
  await using both = await startBoth(async (conn) => {
    await conn.closeWrite();
    const bytes = await readAll(conn);
    if (bytes.length > 0) received.resolve(bytes);
  });
  using conn = await both.forwarder.connect();
  assertEquals(await readAll(conn), new Uint8Array());
  await send(conn, encoder.encode("still there"));
  await conn.closeWrite();
  assertEquals(await received.promise, encoder.encode("still there"));
});

Deno.test("forward changes none of 50 MB, both ways at once", async () => {
  await using both = await startBoth(echo);
  const bytes = noise(50_000_000);
  using conn = await both.forwarder.connect();
  const [back] = await Promise.all([
    readAll(conn),
    send(conn, bytes).then(() => conn.closeWrite()),
  ]);
  assertEquals(back.length, bytes.length);
  assertEquals(await digest(back), await digest(bytes));
});

Deno.test("forward passes pieces of every size around its buffers on", async () => {
  await using both = await startBoth(echo);
  using conn = await both.forwarder.connect();
  for (const size of [1, 4095, 4096, 4097, 8192, 262_144, 266_240, 266_241]) {
    const bytes = noise(size);
    const back = new Uint8Array(size);
    const reading = (async () => {
      for (let at = 0; at < size;) {
        at += await conn.read(back.subarray(at)) ?? size;
      }
    })();
    await send(conn, bytes);
    await reading;
    assertEquals(await digest(back), await digest(bytes), `${size} bytes`);
  }
});

Deno.test("forward keeps 100 connections at once apart", async () => {
  await using both = await startBoth(echoAtEnd);
  const sent = Array.from({ length: 100 }, (_, n) => noise(10_000 + n * 31));
  const back = await Promise.all(
    sent.map((bytes) => roundTrip(both.forwarder, bytes)),
  );
  for (const [n, bytes] of sent.entries()) assertEquals(back[n], bytes);
});

Deno.test("forward has room for others while more are stuck than it has large buffers", async () => {
  const stuck = Promise.withResolvers<void>();
  await using both = await startBoth(async (conn) => {
    const first = new Uint8Array(1);
    await conn.read(first);
    if (first[0] === 1) await stuck.promise;
    else await echoAtEnd(conn);
  });
  const conns: Deno.Conn[] = [];
  const sending: Promise<unknown>[] = [];
  for (let n = 0; n < 40; n++) {
    const conn = await both.forwarder.connect();
    conns.push(conn);
    // More than fits into both sockets, so that it comes to a stop in between.
    const bytes = new Uint8Array(8_000_000).fill(1);
    sending.push(send(conn, bytes).catch(() => {/* It is cut below. */}));
  }
  const bytes = noise(1_000_000);
  bytes[0] = 0;
  assertEquals(await roundTrip(both.forwarder, bytes), bytes.subarray(1));
  for (const conn of conns) conn.close();
  stuck.resolve();
  await Promise.all(sending);
});

Deno.test("forward closes the server's side of a client that resets, and goes on", async () => {
  const isCut = Promise.withResolvers<void>();
  await using both = await startBoth(async (conn) => {
    const first = new Uint8Array(1);
    if (await conn.read(first) === null) return;
    if (first[0] !== 1) return await send(conn, first);
    // Sends for as long as somebody takes it.
    try {
      for (;;) await send(conn, new Uint8Array(100_000));
    } catch {
      isCut.resolve();
    }
  });
  const client = await both.forwarder.connect();
  await send(client, new Uint8Array([1]));
  await client.read(new Uint8Array(1));
  // What has come and was not read makes it a reset.
  client.close();
  await isCut.promise;
  assertEquals(
    await roundTrip(both.forwarder, new Uint8Array([2])),
    new Uint8Array([2]),
  );
});

Deno.test("forward closes what it cannot pass on, and recovers with the socket", async () => {
  const forwarder = await Forwarder.start({ args: [READY_LINE] });
  await using _end = forwarder;
  const first = new Server(forwarder.socket, echoAtEnd);
  await forwarder.ready();
  // The listener removes its socket: this keeps one at which nobody listens.
  await Deno.link(forwarder.socket, `${forwarder.socket}-left`);
  await first[Symbol.asyncDispose]();
  {
    using conn = await forwarder.connect();
    await untilClosed(conn);
  }
  await Deno.rename(`${forwarder.socket}-left`, forwarder.socket);
  await assertRejects(
    () => Deno.connect({ transport: "unix", path: forwarder.socket }),
    Deno.errors.ConnectionRefused,
  );
  {
    using conn = await forwarder.connect();
    await untilClosed(conn);
  }
  await Deno.remove(forwarder.socket);
  await using _server = new Server(forwarder.socket, echoAtEnd);
  assertEquals(
    await roundTrip(forwarder, encoder.encode("again")),
    encoder.encode("again"),
  );
});

Deno.test("forward closes connections beyond its limit at once, and takes others later", async () => {
  await using both = await startBoth(echo, { args: ["2"] });
  const { forwarder, server } = both;
  const use = async (conn: Deno.Conn) => {
    await send(conn, new Uint8Array([7]));
    await conn.read(new Uint8Array(1));
  };
  const conns = [await forwarder.connect(), await forwarder.connect()];
  for (const conn of conns) await use(conn);
  const before = server.taken;
  {
    using third = await forwarder.connect();
    await untilClosed(third);
  }
  assertEquals(server.taken, before);
  await conns[0]!.closeWrite();
  await readAll(conns[0]!);
  // Both ways have ended, and it counts one less a moment later.
  for (;;) {
    using conn = await forwarder.connect();
    try {
      await send(conn, new Uint8Array([7]));
      if (await conn.read(new Uint8Array(1)) === 1) break;
    } catch {
      // It was closed while it was written to.
    }
  }
  for (const conn of conns) conn.close();
});

Deno.test("forward goes on when it has run out of files", async () => {
  await using both = await startBoth(echo, { filesMax: 60 });
  const conns: Deno.Conn[] = [];
  for (let n = 0; n < 60; n++) conns.push(await both.forwarder.connect());
  // Some of them have got through.
  await send(conns[0]!, new Uint8Array([7]));
  assertEquals(await conns[0]!.read(new Uint8Array(1)), 1);
  for (const conn of conns) conn.close();
  for (;;) {
    // Until it has closed those, a new one may be refused, too.
    const back = await roundTrip(both.forwarder, new Uint8Array([9]))
      .catch(() => new Uint8Array());
    if (back.length === 1) break;
  }
});

Deno.test("forward is ready only after the socket has answered", async () => {
  await using forwarder = await Forwarder.start({ args: [READY_LINE] });
  assertMatch(await forwarder.error() ?? "", /^waiting for .*NotFound/);
  await using server = new Server(forwarder.socket, echo);
  await forwarder.ready();
  // It knows that it is connected before the server here does.
  await eventually("its look", () => server.taken === 1);
});

Deno.test("forward ends with its input, also with connections open", async () => {
  await using both = await startBoth(echo);
  using conn = await both.forwarder.connect();
  await send(conn, new Uint8Array([7]));
  await conn.read(new Uint8Array(1));
  await both.forwarder.endInput();
  assertEquals(await both.forwarder.exitCode(), 0);
  await untilClosed(conn);
});

Deno.test("forward ends with its input before it is ready", async () => {
  await using forwarder = await Forwarder.start({ args: [READY_LINE] });
  assertMatch(await forwarder.error() ?? "", /^waiting/);
  await forwarder.endInput();
  assertEquals(await forwarder.exitCode(), 0);
  assertEquals(await forwarder.line(), undefined);
});

Deno.test("forward ends when its time is up", async () => {
  await using forwarder = await Forwarder.start({
    args: [READY_LINE, "8", "300"],
  });
  assertEquals(await forwarder.exitCode(), 0);
});

Deno.test("forward lives on with a time that no timer can count", async () => {
  await using both = await startBoth(echoAtEnd, { args: ["8", "1e15"] });
  assertEquals(
    await roundTrip(both.forwarder, new Uint8Array([1])),
    new Uint8Array([1]),
  );
});

for (
  const args of [
    [],
    [READY_LINE, "0"],
    [READY_LINE, "-1"],
    [READY_LINE, "1.5"],
    [READY_LINE, ""],
    [READY_LINE, "8", "soon"],
    [READY_LINE, "8", "0"],
    [READY_LINE, "8", "1000", "more"],
  ]
) {
  Deno.test(`forward refuses the arguments ${JSON.stringify(args)}`, async () => {
    await using forwarder = await Forwarder.start({ args });
    assertEquals(await forwarder.exitCode(), 2);
    assertMatch(await forwarder.error() ?? "", /^usage: /);
  });
}
