// The fake beside the engine that it stands for: the same requests, and what of
// the answers a client could tell apart. Without an engine, this is skipped.
import { assertEquals } from "@std/assert";
import { request } from "node:http";
import { FakeEngine } from "./fake_engine.ts";
import { isJson } from "./http_request.ts";
import { BASIC_PROGRAMS, programsByName } from "./programs.ts";

const SOCKET = "/var/run/docker.sock";
const IMAGE = "zu-test/busybox:1";

/** An answer: its status, and its JSON or text. */
interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** One request: a method and a path, and a body if there is one. */
type Step = readonly [string, string, unknown?];

const HARDENED = {
  Image: IMAGE,
  Cmd: ["sleep", "100"],
  Env: ["A=1"],
  Hostname: "box",
  User: "1:1",
  Labels: { "zu.test": "like-the-engine" },
  NetworkDisabled: true,
  HostConfig: {
    CapDrop: ["ALL"],
    SecurityOpt: ["no-new-privileges"],
    Memory: 64 << 20,
    NanoCpus: 1e9,
    PidsLimit: 64,
    ReadonlyRootfs: true,
    Tmpfs: { "/tmp": "size=1m" },
    Init: true,
    Mounts: [{ Type: "bind", Source: "/tmp", Target: "/mnt", ReadOnly: true }],
  },
};

/** One that has the network of the first. */
const SHARING = {
  Image: IMAGE,
  Cmd: ["sleep", "100"],
  HostConfig: { NetworkMode: "container:{c}" },
};

/**
 * What both are asked; `{c}` is a container's name, `{x}` the last command. A
 * second container's name begins with that of the first.
 */
const STEPS: readonly Step[] = [
  ["GET", "/_ping"],
  ["GET", "/version"],
  ["GET", "/info"],
  ["GET", "/nothing"],
  ["GET", `/images/${IMAGE}/json`],
  ["GET", "/images/none:1/json"],
  ["POST", "/containers/create?name={c}", HARDENED],
  ["POST", "/containers/create?name={c}", HARDENED],
  ["POST", "/containers/create", { Image: "none:1", Cmd: ["x"] }],
  ["POST", "/containers/create", { Image: IMAGE }],
  ["POST", "/containers/create?name=a!", { Image: IMAGE, Cmd: ["x"] }],
  ["POST", "/containers/create", {
    Image: IMAGE,
    Cmd: ["x"],
    HostConfig: { Memory: 1000 },
  }],
  ["POST", "/containers/create", {
    Image: IMAGE,
    Cmd: ["x"],
    HostConfig: { Runtime: "none" },
  }],
  ["POST", "/containers/create", {
    Image: IMAGE,
    Cmd: ["x"],
    HostConfig: {
      Mounts: [{ Type: "bind", Source: "/no/such", Target: "/x" }],
    },
  }],
  ["POST", "/containers/create", { ...SHARING, Hostname: "other" }],
  ...[{ ExtraHosts: ["a:192.0.2.1"] }, { Dns: ["192.0.2.1"] }].map((names) =>
    ["POST", "/containers/create", {
      ...SHARING,
      HostConfig: { ...SHARING.HostConfig, ...names },
    }] as const
  ),
  ["POST", "/containers/create?name={c}-b", {
    ...SHARING,
    HostConfig: { NetworkMode: "container:zu-no-such-container" },
  }],
  ["POST", "/containers/{c}-b/start"],
  ["DELETE", "/containers/{c}-b"],
  ["POST", "/containers/create?name={c}-b", SHARING],
  ["POST", "/containers/{c}-b/start"],
  ["GET", "/containers/{c}/json"],
  ["POST", "/containers/{c}/kill"],
  ["POST", "/containers/{c}/stop"],
  ["POST", "/containers/{c}/exec", { Cmd: ["true"] }],
  ["GET", "/containers/{c}/top"],
  ["POST", "/containers/{c}/wait"],
  ["POST", "/containers/{c}/start"],
  ["POST", "/containers/{c}/start"],
  ["POST", "/containers/{c}-b/start"],
  ["GET", "/containers/{c}-b/json"],
  ["DELETE", "/containers/{c}-b?force=1"],
  ["GET", "/containers/{c}/json"],
  ["GET", "/containers/{c}/top?ps_args=-eo%20pid,args"],
  ["GET", "/containers/{c}/stats?stream=0"],
  ["GET", "/containers/{c}/logs"],
  ["GET", "/containers/{c}/logs?stdout=1&stderr=1"],
  [
    "GET",
    "/containers/json?all=1&filters=" +
    encodeURIComponent('{"label":["zu.test=like-the-engine"]}'),
  ],
  ["GET", "/containers/json?filters=%7B%22none%22%3A%5B%5D%7D"],
  ["POST", "/containers/{c}/kill?signal=NONE"],
  ["DELETE", "/containers/{c}"],
  ["POST", "/containers/{c}/exec", { Cmd: [] }],
  ["POST", "/containers/{c}/exec", { Cmd: ["none"], AttachStdout: true }],
  ["GET", "/exec/{x}/json"],
  ["POST", "/exec/{x}/start", { Detach: true }],
  ["GET", "/exec/{x}/json"],
  ["POST", "/containers/{c}/exec", { Cmd: ["sleep", "9"], User: "2" }],
  ["POST", "/exec/{x}/start", { Detach: true }],
  ["POST", "/exec/{x}/start", { Detach: true }],
  ["GET", "/exec/{x}/json"],
  ["GET", "/exec/none/json"],
  ["POST", "/exec/none/start", { Detach: true }],
  ["POST", "/containers/{c}/kill"],
  ["GET", "/exec/{x}/json"],
  ["GET", "/containers/{c}/json"],
  ["POST", "/containers/{c}/attach?stream=0", undefined],
  ["DELETE", "/containers/{c}?force=1"],
  ["GET", "/containers/{c}/json"],
  ["GET", "/exec/{x}/json"],
  ["POST", "/containers/{c}/kill"],
  ["POST", "/containers/{c}/stop"],
  ["POST", "/containers/{c}/start"],
  ["DELETE", "/containers/{c}"],
];

/** Asks one engine everything. */
async function transcribe(socketPath: string): Promise<Answer[]> {
  const name = `zu-like-the-engine-${crypto.randomUUID()}`;
  const answers: Answer[] = [];
  let exec = "none";
  try {
    for (const [method, path, body] of STEPS) {
      const filled = path.replace("{c}", name).replace("{x}", exec);
      const sent = body === undefined
        ? undefined
        : JSON.stringify(body).replaceAll("{c}", name);
      const answer = await ask(socketPath, method, filled, sent);
      if (path.endsWith("/exec") && isJson(answer.body)) {
        exec = String(answer.body["Id"] ?? exec);
      }
      answers.push(masked(answer, name));
    }
  } finally {
    await ask(socketPath, "DELETE", `/containers/${name}-b?force=1`);
    await ask(socketPath, "DELETE", `/containers/${name}?force=1`);
  }
  return answers;
}

function ask(
  socketPath: string,
  method: string,
  path: string,
  body?: string,
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const sent = request({
    socketPath,
    method,
    path: `/v1.41${path}`,
    agent: false,
    headers: { "Content-Type": "application/json" },
  }, async (response) => {
    let text = "";
    for await (const part of response) text += part;
    const { statusCode: status = 0, headers } = response;
    const isJson = headers["content-type"] === "application/json";
    resolve({ status, body: isJson && text !== "" ? JSON.parse(text) : text });
  });
  sent.on("error", reject);
  sent.end(body);
  return promise;
}

/** The same without what differs from one run to the next. */
function masked({ status, body }: Answer, name: string): Answer {
  const text = JSON.stringify(body).replaceAll(name, "{c}")
    .replace(/\b[0-9a-f]{64}\b/g, "{id}");
  return { status, body: JSON.parse(text) };
}

/** What differs: a line each. What only the engine says is no difference. */
function differences(at: string, real: unknown, fake: unknown): string[] {
  if (isJson(fake) && isJson(real)) {
    return Object.entries(fake).flatMap(([name, value]) =>
      Object.hasOwn(real, name)
        ? differences(`${at}.${name}`, real[name], value)
        : [`${at}.${name} is not there in the engine`]
    );
  }
  if (Array.isArray(fake) && Array.isArray(real)) {
    return fake.length === 0 || real.length === 0
      ? []
      : differences(`${at}[0]`, real[0], fake[0]);
  }
  const isExact = /\.(?:message|HostConfig\..*|Config\..*|Running|ExitCode)$/;
  const same = isExact.test(at)
    ? JSON.stringify(real) === JSON.stringify(fake)
    : typeof real === typeof fake && (real === null) === (fake === null);
  return same
    ? []
    : [`${at}: ${JSON.stringify(real)} there, ${JSON.stringify(fake)} here`];
}

/** Why this cannot be seen here; undefined if it can. */
async function missing(): Promise<string | undefined> {
  try {
    const { body } = await ask(SOCKET, "GET", "/version");
    const version = isJson(body) ? String(body["Version"]) : "none";
    if (!version.startsWith("20.10.")) return `the engine is ${version}`;
    const image = await ask(SOCKET, "GET", `/images/${IMAGE}/json`);
    return image.status === 200 ? undefined : `it has no ${IMAGE}`;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return `no engine on ${SOCKET}: ${error.message}`;
  }
}

const reason = Deno.env.get("ZU_REQUIRE_DOCKER") === "1"
  ? undefined
  : await missing();

Deno.test({
  name: "FakeEngine answers as an engine 20.10 does" +
    (reason === undefined ? "" : ` (skipped: ${reason})`),
  ignore: reason !== undefined,
  fn: async () => {
    const programs = programsByName({
      sleep: BASIC_PROGRAMS["sleep"]!,
      true: BASIC_PROGRAMS["true"]!,
    });
    await using engine = await FakeEngine.start({
      images: { [IMAGE]: {} },
      programs,
    });
    const fake = await transcribe(engine.socketPath);
    const real = await transcribe(SOCKET);
    const found = STEPS.flatMap(([method, path], i) => {
      const at = `${i} ${method} ${path}`;
      const [there, here] = [real[i]!, fake[i]!];
      return there.status === here.status
        ? differences(at, there.body, here.body)
        : [`${at}: ${there.status} there, ${here.status} here`];
    });
    assertEquals(found, []);
  },
});
