import { Agent } from "node:https";
import { connect, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { connect as connectTls, type ConnectionOptions } from "node:tls";

/**
 * Connections with TLS that hold the engine back when nobody reads them.
 *
 * `node:tls` of Deno 2.9 takes whatever comes, read or not, and keeps it: in some
 * seconds, a gigabyte of what a program writes. So it gets what lies below from a
 * stream that is stopped by hand. (`Deno.connectTls` stops by itself, but would
 * trust every public authority beside the one that it is told.)
 */
export class TlsAgent extends Agent {
  /** Connects; the options are those of the request. */
  override createConnection(options: ConnectionOptions): Duplex {
    const { path: _, port, host, ...others } = options;
    const below = connect({ port: port!, host: host!, allowHalfOpen: true });
    const encrypted = streamOver(below);
    const socket = connectTls({ ...others, host, socket: encrypted });
    const isFull = () => socket.readableLength >= socket.readableHighWaterMark;
    below.on("data", (bytes) => {
      encrypted.push(bytes);
      if (isFull()) below.pause();
    });
    // By itself, it would be left half open.
    socket.once("end", () => {
      socket.end(() => encrypted.end(() => socket.destroy()));
    });
    const read = socket.read.bind(socket);
    return Object.assign(socket, {
      read: (size?: number) => {
        const bytes = read(size);
        if (!isFull()) below.resume();
        return bytes;
      },
      ref: () => void below.ref(),
      unref: () => void below.unref(),
    });
  }
}

/** What a socket sends and is sent, but for the reading, which others do. */
function streamOver(socket: Socket): Duplex {
  const stream = new Duplex({
    read() {},
    write: (bytes, _encoding, done) => void socket.write(bytes, done),
    final: (done) => void socket.end(done),
    destroy(error, done) {
      socket.destroy();
      done(error);
    },
  });
  socket.on("end", () => stream.push(null));
  socket.on("error", (error) => stream.destroy(error));
  socket.on("close", () => stream.destroy());
  return stream;
}
