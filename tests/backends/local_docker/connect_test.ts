import { assert, assertEquals, assertRejects } from "@std/assert";
import { LocalDockerBackend } from "../../../backends/local_docker_backend.ts";
import { BackendError } from "../../../backends/mod.ts";
import { connect } from "../../../backends/local_docker/connect.ts";
import { Engine } from "../../../backends/local_docker/engine.ts";
import type { EngineAddress } from "../../../backends/local_docker/engine_address.ts";
import { certPath, TlsFront } from "../../fixtures/tls/tls_front.ts";
import { backendFor, IMAGE, startEngine, text } from "./_fake_backend.ts";
import { withEnv } from "./_with_env.ts";

const FOUND_BY = "a test";

function tcp(
  port: number,
  certificates?: string,
  host = "127.0.0.1",
): EngineAddress {
  const tls = certificates === undefined
    ? undefined
    : { certPath: certificates };
  return { kind: "tcp", host, port, tls, foundBy: FOUND_BY };
}

async function askVersion(address: EngineAddress): Promise<string> {
  const engine = new Engine(() => connect(address));
  const what = "see whether an engine answers";
  const { Version } = await engine.json<{ Version: string }>({
    method: "GET",
    path: "/version",
    what,
  });
  return Version;
}

async function isUnavailable(
  call: () => Promise<unknown>,
  ...words: readonly string[]
): Promise<void> {
  const { code, message } = await assertRejects(call, BackendError);
  assertEquals(code, "engine_unavailable", message);
  for (const word of words) assert(message.includes(word), message);
}

const ROOT = new URL("../../../", import.meta.url);
const LOCAL_DOCKER = `${ROOT}backends/local_docker`;

/** Runs a script in a process of its own, with some permissions. */
async function program(
  script: string,
  flags: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-check", "--quiet", ...flags, "-"],
    cwd: ROOT,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1", ...env },
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(script));
  await writer.close();
  const { stdout, stderr } = await child.output();
  return text(stdout) + text(stderr);
}

Deno.test("connect reaches an engine at a socket, at a port, and behind TLS", async () => {
  await using engine = await startEngine();
  await using plain = new TlsFront(engine.socketPath, { hasTls: false });
  await using encrypted = new TlsFront(engine.socketPath);
  const { socketPath: path } = engine;
  const addresses: EngineAddress[] = [
    { kind: "unix", path, foundBy: FOUND_BY },
    tcp(plain.port),
    tcp(plain.port, undefined, "localhost"),
    tcp(encrypted.port, certPath("client")),
    tcp(encrypted.port, certPath("client"), "localhost"),
  ];
  for (const address of addresses) {
    assertEquals(await askVersion(address), "20.10.24");
  }
});

Deno.test("connect trusts the authority in ca.pem, for the host's own name, and nothing else", async () => {
  await using engine = await startEngine();
  await using front = new TlsFront(engine.socketPath);
  await using other = new TlsFront(engine.socketPath, {
    hostname: "127.0.0.2",
  });
  await isUnavailable(
    () => askVersion(tcp(front.port, certPath("stranger"))),
    "verify",
    "ca.pem",
    "DOCKER_CERT_PATH",
  );
  await isUnavailable(
    () => askVersion(tcp(other.port, certPath("client"), "127.0.0.2")),
    "127.0.0.2",
    "DOCKER_CERT_PATH",
  );
  // Deno's own list of authorities does not count.
  const address = JSON.stringify(tcp(front.port, certPath("stranger")));
  const said = await program(
    `import { connect } from "${LOCAL_DOCKER}/connect.ts";
     import { Engine } from "${LOCAL_DOCKER}/engine.ts";
     await new Engine(() => connect(${address}))
       .json({ method: "GET", path: "/version", what: "ask" })
       .catch(({ code }) => console.log(code));`,
    ["--allow-all"],
    { DENO_CERT: `${certPath("client")}/ca.pem` },
  );
  assertEquals(said, "engine_unavailable\n");
  assertEquals(engine.requests, []);
});

Deno.test("connect names the file that it cannot read", async () => {
  const files = ["ca.pem", "cert.pem", "key.pem"];
  for (const missing of files) {
    const folder = await Deno.makeTempDir();
    try {
      for (const file of files.filter((file) => file !== missing)) {
        await Deno.copyFile(
          `${certPath("client")}/${file}`,
          `${folder}/${file}`,
        );
      }
      await isUnavailable(
        () => connect(tcp(1, folder)),
        `${folder}/${missing}`,
        "DOCKER_CERT_PATH",
      );
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  }
});

const ELSEWHERE: readonly Readonly<Record<string, string>>[] = [
  { DOCKER_HOST: "tcp://127.0.0.1:1" },
  { DOCKER_HOST: "tcp://192.0.2.1:2376" },
  { DOCKER_HOST: "tcp://192.0.2.1", DOCKER_TLS_VERIFY: "1" },
  { DOCKER_HOST: "tcp://192.0.2.1", DOCKER_CERT_PATH: "/no/such/folder" },
  { DOCKER_HOST: "tcp://192.0.2.1", DOCKER_CLIENT_TIMEOUT: "1" },
  { DOCKER_HOST: "tcp://192.0.2.1", DOCKER_PATH_PREFIX: "/no/such/path" },
  { DOCKER_HOST: "ssh://192.0.2.1" },
  { DOCKER_HOST: "unix:///no/such/socket" },
  { DOCKER_HOST: "tcp://[" },
];

Deno.test("connect goes where it is told to, whatever DOCKER_HOST says", async () => {
  await using engine = await startEngine();
  await using plain = new TlsFront(engine.socketPath, { hasTls: false });
  await using front = new TlsFront(engine.socketPath);
  const { socketPath: path } = engine;
  for (const variables of ELSEWHERE) {
    await withEnv(variables, async () => {
      for (
        const address of [
          { kind: "unix", path, foundBy: FOUND_BY } as const,
          tcp(plain.port),
          tcp(front.port, certPath("client")),
        ]
      ) assertEquals(await askVersion(address), "20.10.24");
      assertEquals(Deno.env.get("DOCKER_HOST"), variables.DOCKER_HOST);
      await using backend = backendFor(engine);
      await using sandbox = await backend.launch({ image: IMAGE });
      assertEquals((await backend.run(sandbox, ["true"])).exitCode, 0);
    });
  }
});

Deno.test("LocalDockerBackend says where it looked for an engine, and what to do", async () => {
  const folder = await Deno.makeTempDir();
  const launch = async (options: { socketPath?: string }) => {
    await using backend = new LocalDockerBackend(options);
    await backend.launch({ image: IMAGE });
  };
  try {
    const missing = `${folder}/none.sock`;
    const dead = `${folder}/dead.sock`;
    Deno.listen({ transport: "unix", path: dead }).close();
    await Deno.writeTextFile(`${folder}/file`, "");
    for (const path of [missing, dead, `${folder}/file`, folder]) {
      await isUnavailable(
        () => launch({ socketPath: path }),
        path,
        "the option socketPath",
        "start it",
      );
      await withEnv(
        { DOCKER_HOST: `unix://${path}` },
        () => isUnavailable(() => launch({}), path, "DOCKER_HOST"),
      );
    }
    const { port } = freePort();
    const DOCKER_HOST = `tcp://127.0.0.1:${port}`;
    await withEnv(
      { DOCKER_HOST, DOCKER_TLS_VERIFY: "" },
      () => isUnavailable(() => launch({}), `127.0.0.1:${port}`, "DOCKER_HOST"),
    );
    await withEnv(
      { DOCKER_HOST: "tcp://[" },
      () => isUnavailable(() => launch({}), "tcp://[", "malformed"),
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** A port that nobody listens at. */
function freePort(): Deno.NetAddr {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const address = listener.addr;
  listener.close();
  return address;
}

Deno.test("LocalDockerBackend says which permission it misses, and does not ask for it", async () => {
  await using engine = await startEngine();
  const script = `
    import { LocalDockerBackend } from "${LOCAL_DOCKER}_backend.ts";
    try {
      await using backend = new LocalDockerBackend(
        { socketPath: ${JSON.stringify(engine.socketPath)} },
      );
      await backend.launch({ image: ${JSON.stringify(IMAGE)} });
      console.log("launched");
    } catch ({ code, message }) {
      console.log(code, message);
    }`;
  const { socketPath } = engine;
  const all = {
    "--allow-env": "--allow-env",
    "--allow-net": `--allow-net=unix:${socketPath}`,
    "--allow-read": `--allow-read=${socketPath}`,
    "--allow-write": `--allow-write=${socketPath}`,
  };
  assertEquals(await program(script, Object.values(all)), "launched\n");
  for (const missing of Object.keys(all)) {
    const flags = Object.entries(all).filter(([name]) => name !== missing);
    const said = await program(script, flags.map(([, flag]) => flag));
    assert(said.startsWith("engine_unavailable "), said);
    assert(said.includes(missing), said);
  }
});
