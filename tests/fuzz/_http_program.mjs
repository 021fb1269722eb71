// A web server that tells what it was asked, run by Node, whose node:http reads
// requests with llhttp, and by Deno. It reads connections on stdin, each behind
// its length, gives each to a socket of its own, and answers with what the server
// made of it, a line each.
import { Buffer } from "node:buffer";
import { createServer } from "node:http";
import { connect } from "node:net";
import process from "node:process";

/** How long a connection may be silent. */
const SILENCE_MS = 2000;

/** The answers under way, by the connection's port. */
const heard = new Map();

const server = createServer({
  // Only what a request says is asked about, and not how long it takes.
  requestTimeout: 0,
  headersTimeout: 0,
  keepAliveTimeout: 0,
  maxHeaderSize: 65_536,
  insecureHTTPParser: false,
});

function take(request, response) {
  const { method, url, httpVersion, rawHeaders } = request;
  const seen = { method, url, httpVersion, headers: rawHeaders, body: 0 };
  heard.get(request.socket.remotePort)?.requests.push(seen);
  request.on("data", (data) => seen.body += data.length);
  request.on("end", () => seen.isWhole = true);
  request.on("error", () => {});
  request.on("end", () => response?.end());
}

server.on("request", take);
server.on("checkContinue", take);
server.on("checkExpectation", take);
// What follows a CONNECT or an Upgrade is another protocol.
for (const event of ["connect", "upgrade"]) {
  server.on(event, (request, socket, head) => {
    take(request, undefined);
    const seen = heard.get(socket.remotePort)?.requests.at(-1);
    if (seen) seen.tunnel = head.length;
    socket.on("error", () => {});
    // All of it has come in one piece, for as long as it is small.
    socket.end();
  });
}
server.on("clientError", (error, socket) => {
  const own = heard.get(socket.remotePort);
  if (own) own.error = error.code;
  socket.destroy();
});

function ask(bytes, port) {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    let own;
    socket.on("connect", () => {
      own = { requests: [] };
      heard.set(socket.localPort, own);
      // The last request asks for the end; a server that waits for more of it
      // has read something else.
      socket.write(bytes);
    });
    socket.setTimeout(SILENCE_MS, () => {
      own.error = "silent";
      socket.destroy();
    });
    socket.on("error", () => {});
    socket.resume();
    socket.on("close", () => {
      heard.delete(socket.localPort);
      resolve(own ?? { requests: [], error: "unconnected" });
    });
  });
}

let rest = Buffer.alloc(0);
let turn = Promise.resolve();

server.listen(0, "127.0.0.1", () => {
  const { port } = server.address();
  process.stdin.on("data", (data) => {
    rest = Buffer.concat([rest, data]);
    while (rest.length >= 4 && rest.length >= 4 + rest.readUInt32BE(0)) {
      const end = 4 + rest.readUInt32BE(0);
      const bytes = Buffer.from(rest.subarray(4, end));
      rest = rest.subarray(end);
      const answer = ask(bytes, port);
      turn = turn.then(async () => {
        process.stdout.write(`${JSON.stringify(await answer)}\n`);
      });
    }
  });
  process.stdin.on("end", () => turn.then(() => server.close()));
});
