import type { Daemon } from "./daemon.ts";
import { EngineError, noSuchContainer } from "./engine_error.ts";
import { FakeExec } from "./fake_exec.ts";
import { frame, type OutputStream } from "./frames.ts";
import { isOn, jsonBody, wantsUpgrade } from "./http_request.ts";
import type { Call, Route } from "./routes.ts";

const encoder = new TextEncoder();

/** Commands in containers, and what can be read from both. */
export const EXEC_ROUTES: readonly Route[] = [
  {
    method: "POST",
    path: "/containers/{name}/exec",
    answer: ({ daemon, request, reply, name }) => {
      const container = daemon.container(name);
      const exec = new FakeExec(daemon, container, jsonBody(request));
      return reply.json(201, { Id: exec.id });
    },
  },
  {
    method: "GET",
    path: "/exec/{name}/json",
    answer: ({ daemon, reply, name }) =>
      reply.json(200, execOf(daemon, name).inspection()),
  },
  { method: "POST", path: "/exec/{name}/start", answer: startExec },
  { method: "POST", path: "/containers/{name}/attach", answer: attach },
];

/** Runs a command, and gives the connection over to it. */
async function startExec(
  { daemon, request, reply, name }: Call,
): Promise<void> {
  const exec = execOf(daemon, name);
  if (jsonBody(request)["Detach"] === true) {
    exec.start({ write: () => Promise.resolve() }, undefined);
    return await reply.empty(200);
  }
  const raw = reply.raw(wantsUpgrade(request));
  const send = async (stream: OutputStream, bytes: Uint8Array) => {
    await raw.write(exec.isTerminal ? bytes : frame(stream, bytes));
  };
  const wanted = {
    stdout: exec.config["AttachStdout"] === true,
    stderr: exec.config["AttachStderr"] === true,
  };
  try {
    const process = exec.start({
      write: async (stream, bytes) => {
        if (wanted[stream]) await send(stream, bytes);
      },
    }, raw.incoming);
    await process.closed;
  } catch (error) {
    // The header is out, so the engine can say it only in the stream.
    if (!(error instanceof EngineError)) throw error;
    await send("stdout", encoder.encode(`${error.message}\r\n`));
  }
  await raw.end();
}

/** Gives the connection over to the output of a container. */
async function attach({ daemon, request, reply, name }: Call): Promise<void> {
  const container = daemon.find(name);
  if (container === undefined) {
    // 20.10 answers this one request without JSON.
    const raw = reply.raw(false, 404);
    const { message } = noSuchContainer(name);
    await raw.write(encoder.encode(`${message}\r\n`));
    return await raw.end();
  }
  const streams = (["stdout", "stderr"] as const)
    .filter((stream) => isOn(request, stream));
  const ended = Promise.withResolvers<void>();
  const raw = reply.raw(wantsUpgrade(request));
  if (isOn(request, "logs")) {
    for (const line of container.output.lines) {
      if (streams.includes(line.stream)) {
        await raw.write(container.output.framed(line));
      }
    }
  }
  const attached = { streams, write: raw.write, end: ended.resolve };
  if (isOn(request, "stream")) {
    daemon.events.container(container, "attach");
    container.output.attach(attached);
    daemon.changed();
    if (isOn(request, "stdin") && container.config["OpenStdin"] === true) {
      container.feed(raw.incoming);
    }
    // 20.10 never ends this where the container does not run and is not started,
    // not even when it is removed. Only a client that has left is let go then.
    const left = container.removed.then(() => raw.incoming.ended);
    await Promise.race([ended.promise, left, reply.gone]);
    container.output.detach(attached);
  }
  await raw.end();
}

function execOf(daemon: Daemon, id: string): FakeExec {
  const exec = daemon.execs.get(id);
  if (exec !== undefined) return exec;
  throw new EngineError(404, `No such exec instance: ${id}`);
}
