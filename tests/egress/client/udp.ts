// Sends a datagram to each of the hosts that it is given, as far as it can.
const [port, token, ...hosts] = Deno.args;

for (const hostname of hosts) {
  const own = hostname.includes(":") ? "::" : "0.0.0.0";
  const socket = Deno.listenDatagram({
    transport: "udp",
    hostname: own,
    port: 0,
  });
  try {
    const to = { transport: "udp", hostname, port: Number(port) } as const;
    await socket.send(new TextEncoder().encode(`${token} ${hostname}`), to);
    console.log(`sent to ${hostname}`);
  } catch (error) {
    console.log(`${hostname}: ${error}`);
  } finally {
    socket.close();
  }
}
