// Sends a datagram of UDP as a packet that is made here, through a raw socket of
// IP, or of each link that there is.
const AF_INET = 2, AF_PACKET = 17, SOCK_RAW = 3, IPPROTO_RAW = 255;
const IP_BYTES = 20, UDP_BYTES = 8;

const [kind, from = "", to = "", port, token] = Deno.args;
const libc = Deno.dlopen("libc.so.6", {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  if_nametoindex: { parameters: ["buffer"], result: "u32" },
  sendto: {
    parameters: ["i32", "buffer", "usize", "i32", "buffer", "u32"],
    result: "isize",
  },
});

const bytesOf = (address: string) => address.split(".").map(Number);
const payload = new TextEncoder().encode(token);

function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) {
    sum += (bytes[at]! << 8) + (bytes[at + 1] ?? 0);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return ~sum & 0xffff;
}

function packet(): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(IP_BYTES + UDP_BYTES + payload.length);
  const view = new DataView(bytes.buffer);
  bytes.set([0x45, 0]);
  view.setUint16(2, bytes.length);
  bytes.set([64, 17], 8);
  bytes.set([...bytesOf(from), ...bytesOf(to)], 12);
  view.setUint16(10, checksum(bytes.subarray(0, IP_BYTES)));
  view.setUint16(IP_BYTES, 4000);
  view.setUint16(IP_BYTES + 2, Number(port));
  view.setUint16(IP_BYTES + 4, UDP_BYTES + payload.length);
  bytes.set(payload, IP_BYTES + UDP_BYTES);
  return bytes;
}

function send(
  family: number,
  protocol: number,
  bytes: Uint8Array<ArrayBuffer>,
  address: Uint8Array<ArrayBuffer>,
): void {
  const fd = libc.symbols.socket(family, SOCK_RAW, protocol);
  const { length } = address;
  const sent = fd < 0 ? "no socket" : libc.symbols
    .sendto(fd, bytes, BigInt(bytes.length), 0, address, length);
  console.log(`socket ${fd}, sent ${sent}`);
}

if (kind === "ip") {
  const address = new Uint8Array([
    AF_INET,
    0,
    0,
    0,
    ...bytesOf(to),
    ...Array(8),
  ]);
  send(AF_INET, IPPROTO_RAW, packet(), address);
} else {
  for (const name of ["out", "eth0", "lo"]) {
    const index = libc.symbols.if_nametoindex(
      new TextEncoder().encode(`${name}\0`),
    );
    if (index === 0) continue;
    const everyone = Array(6).fill(0xff);
    const head = [...everyone, 2, 0, 0, 0, 0, 1, 8, 0];
    const address = new Uint8Array(20);
    address.set([AF_PACKET, 0, 8, 0, index], 0);
    address.set([6, ...everyone], 11);
    send(AF_PACKET, 8, new Uint8Array([...head, ...packet()]), address);
  }
}
