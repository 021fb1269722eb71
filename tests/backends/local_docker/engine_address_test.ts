import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import {
  type EngineAddress,
  findEngine,
  type FindEngineOptions,
} from "../../../backends/local_docker/engine_address.ts";
import { BackendError, type BackendErrorCode } from "../../../backends/mod.ts";

type Env = Readonly<Record<string, string>>;

/** Looks for an engine where only some paths exist. */
function find(
  env: Env = {},
  options: Partial<FindEngineOptions> & { paths?: readonly string[] } = {},
): Promise<EngineAddress> {
  const { paths = [], ...others } = options;
  return findEngine({
    env: (name) => Object.hasOwn(env, name) ? env[name] : undefined,
    exists: (path) => paths.includes(path),
    os: "linux",
    ...others,
  });
}

async function fails(
  code: BackendErrorCode,
  found: () => Promise<EngineAddress>,
  ...words: string[]
): Promise<void> {
  const error = await assertRejects(found, BackendError);
  assertEquals(error.code, code, error.message);
  for (const word of words) assertStringIncludes(error.message, word);
}

const HOME = "/home/me";
const XDG_RUNTIME_DIR = "/run/user/1000";
const PLACES = [
  "/var/run/docker.sock",
  "/run/user/1000/docker.sock",
  "/home/me/.docker/run/docker.sock",
  "/run/user/1000/podman/podman.sock",
  "/run/podman/podman.sock",
];

Deno.test("findEngine takes the first of the usual places where there is something", async () => {
  for (const [i, path] of PLACES.entries()) {
    const paths = PLACES.slice(i);
    for (const asynchronous of [false, true]) {
      const exists = (each: string) => {
        const isThere = paths.includes(each);
        return asynchronous ? Promise.resolve(isThere) : isThere;
      };
      const found = await find({ HOME, XDG_RUNTIME_DIR }, { exists });
      assertEquals([found.kind, found.kind === "unix" && found.path], [
        "unix",
        path,
      ]);
      assertStringIncludes(found.foundBy, "usual place");
    }
  }
});

Deno.test("findEngine looks under no folder that a variable does not name", async () => {
  const asked: string[] = [];
  const exists = (path: string) => {
    asked.push(path);
    return false;
  };
  for (const value of ["", "relative"]) {
    asked.length = 0;
    const env = { HOME: value, XDG_RUNTIME_DIR: value };
    await fails("engine_unavailable", () => find(env, { exists }));
    assertEquals(asked, ["/var/run/docker.sock", "/run/podman/podman.sock"]);
  }
  const slash = { XDG_RUNTIME_DIR: "/run/user/1000/" };
  const found = await find(slash, { paths: ["/run/user/1000/docker.sock"] });
  assertEquals(found.kind, "unix");
});

Deno.test("findEngine says in one error where it looked and how to say where the engine is", async () => {
  await fails(
    "engine_unavailable",
    () => find({ HOME, XDG_RUNTIME_DIR }),
    "DOCKER_HOST is not set",
    ...PLACES,
    "option socketPath",
    "unix:///path/to/docker.sock",
    "tcp://host:2376",
  );
  await fails(
    "engine_unavailable",
    () => find(),
    "$XDG_RUNTIME_DIR/docker.sock (not set)",
    "$HOME/.docker/run/docker.sock (not set)",
    "$XDG_RUNTIME_DIR/podman/podman.sock (not set)",
  );
  await fails(
    "engine_unavailable",
    () => find({ HOME }, { os: "windows", paths: PLACES }),
    "named pipes",
    "DOCKER_HOST",
  );
});

Deno.test("findEngine takes the option before all else, and does not look", async () => {
  const env = { DOCKER_HOST: "tcp://[", HOME };
  const socketPath = "/opt/engine.sock";
  assertEquals(await find(env, { socketPath, paths: PLACES }), {
    kind: "unix",
    path: socketPath,
    foundBy: "the option socketPath",
  });
  const wrong = [
    ...["", "engine.sock", "./a", "unix:///a", "tcp://a", "~/a", "/a\0"],
    ...[`/${"x".repeat(107)}`, 1, null, true],
  ];
  for (const path of wrong) {
    await assertRejects(
      () => find({}, { socketPath: path as string }),
      TypeError,
      "socketPath is",
    );
  }
  await find({}, { socketPath: `/${"x".repeat(106)}` });
});

Deno.test("findEngine takes DOCKER_HOST before the usual places, and an empty one for none", async () => {
  const env = { DOCKER_HOST: "unix:///opt/engine.sock" };
  assertEquals(await find(env, { paths: PLACES }), {
    kind: "unix",
    path: "/opt/engine.sock",
    foundBy: "DOCKER_HOST",
  });
  for (const DOCKER_HOST of ["", " ", "\n"]) {
    const found = await find({ DOCKER_HOST }, { paths: PLACES });
    assertEquals(found.kind === "unix" && found.path, "/var/run/docker.sock");
  }
});

// DOCKER_HOST; the host and port; whether it is with TLS; other variables.
const ACCEPTED: [string, string, number, boolean, Env?][] = [
  ["tcp://localhost:2375", "localhost", 2375, false],
  ["tcp://localhost", "localhost", 2375, false],
  ["tcp://LOCALHOST:1/", "localhost", 1, false],
  [" tcp://127.0.0.1:2375 ", "127.0.0.1", 2375, false],
  ["TCP://127.0.0.1", "127.0.0.1", 2375, false],
  ["tcp://127.8.9.10:4000", "127.8.9.10", 4000, false],
  ["tcp://[::1]:2375", "::1", 2375, false],
  ["tcp://[0:0:0:0:0:0:0:1]", "0:0:0:0:0:0:0:1", 2375, false],
  ["http://127.0.0.1:80", "127.0.0.1", 80, false],
  ["http://localhost", "localhost", 2375, false],
  ["https://localhost", "localhost", 2376, true],
  ["https://engine.example:443", "engine.example", 443, true],
  ["https://10.0.0.1/", "10.0.0.1", 2376, true],
  ["tcp://engine.example", "engine.example", 2376, true, {
    DOCKER_TLS_VERIFY: "1",
  }],
  ["tcp://10.0.0.1:1", "10.0.0.1", 1, true, { DOCKER_TLS_VERIFY: "1" }],
  ["http://10.0.0.1", "10.0.0.1", 2376, true, { DOCKER_TLS_VERIFY: "1" }],
  ["tcp://localhost", "localhost", 2376, true, { DOCKER_TLS_VERIFY: "1" }],
  // As Docker has it, anything but nothing switches it on: that is the safe side.
  ["tcp://10.0.0.1", "10.0.0.1", 2376, true, { DOCKER_TLS_VERIFY: "0" }],
  ["tcp://localhost", "localhost", 2375, false, { DOCKER_TLS_VERIFY: "" }],
  ["tcp://localhost", "localhost", 2375, false, { DOCKER_CERT_PATH: "/c" }],
];

Deno.test("findEngine reads DOCKER_HOST with and without TLS", async () => {
  for (const [DOCKER_HOST, host, port, isTls, others] of ACCEPTED) {
    const tls = isTls ? { certPath: "/home/me/.docker" } : undefined;
    assertEquals(
      await find({ HOME, ...others, DOCKER_HOST }),
      { kind: "tcp", host, port, tls, foundBy: "DOCKER_HOST" },
      DOCKER_HOST,
    );
  }
});

Deno.test("findEngine says where the certificates are", async () => {
  const env = { DOCKER_HOST: "tcp://a", DOCKER_TLS_VERIFY: "1" };
  const certPath = async (
    others: Env,
    os: FindEngineOptions["os"] = "linux",
  ) => {
    const found = await find({ ...env, ...others }, { os });
    return found.kind === "tcp" ? found.tls?.certPath : undefined;
  };
  assertEquals(await certPath({ HOME, DOCKER_CERT_PATH: "/certs" }), "/certs");
  assertEquals(
    await certPath({ HOME, DOCKER_CERT_PATH: "" }),
    "/home/me/.docker",
  );
  assertEquals(
    await certPath({ USERPROFILE: "C:\\me" }, "windows"),
    "C:\\me/.docker",
  );
  await fails("engine_unavailable", () => find(env), "DOCKER_CERT_PATH");
});

Deno.test("findEngine talks to another host without TLS only if told to", async () => {
  const hosts = [
    ...["engine.example", "10.0.0.1", "0.0.0.0", "[::]", "[::2]", "128.0.0.1"],
    ...["localhost.example", "sub.localhost", "127.example", "[fe80::1]"],
  ];
  for (const host of hosts) {
    for (const DOCKER_HOST of [`tcp://${host}`, `http://${host}:2375`]) {
      await fails(
        "engine_unavailable",
        () => find({ HOME, DOCKER_HOST }),
        JSON.stringify(DOCKER_HOST),
        "DOCKER_TLS_VERIFY=1",
        "allowPlainTcp",
      );
      const told = await find({ DOCKER_HOST }, { allowPlainTcp: true });
      assertEquals(told.kind === "tcp" && told.tls, undefined);
    }
  }
});

const MALFORMED = [
  ...["localhost", "localhost:2375", "/var/run/docker.sock", "unix", "tcp"],
  ...[
    "unix:/var/run/docker.sock",
    "unix://",
    "unix://docker.sock",
    "unix://./a",
  ],
  ...[
    "tcp:",
    "tcp:/a",
    "tcp://",
    "tcp://:2375",
    "tcp:///",
    "tcp:///a",
    "tcp://[",
  ],
  ...["tcp://a:0", "tcp://a:65536", "tcp://a:x", "tcp://a:", "tcp://a:1:2"],
  ...["tcp://a/b", "tcp://a:1/v1.41", "tcp://a//", "tcp://a?x", "tcp://a#x"],
  ...["tcp://user@a", "tcp://user:pass@a:1", "tcp://a b", "tcp://::1:2375"],
  ...["tcp://2375", "tcp://127.1", "tcp://0x7f000001", "tcp://[127.0.0.1]"],
  ...["http://", "https://", "https://a/b", "ftp://a", "docker://a", "://a"],
  ...["tcp+tls://a", "file:///var/run/docker.sock", "context", "1", "tcp://*"],
  ...["unix:///a\0", `unix:///${"x".repeat(107)}`, "tcp://a\nb"],
];

Deno.test("findEngine says that DOCKER_HOST is malformed", async () => {
  for (const DOCKER_HOST of MALFORMED) {
    await fails(
      "engine_unavailable",
      () => find({ HOME, DOCKER_HOST }, { paths: PLACES, allowPlainTcp: true }),
      "DOCKER_HOST is",
      "malformed",
      "option socketPath",
    );
  }
});

Deno.test("findEngine says which kinds of DOCKER_HOST cannot be used", async () => {
  const hosts = [
    "npipe:////./pipe/docker_engine",
    "ssh://me@host",
    "fd://",
    "SSH://a",
  ];
  for (const DOCKER_HOST of hosts) {
    await fails(
      "unsupported",
      () => find({ HOME, DOCKER_HOST }, { paths: PLACES }),
      DOCKER_HOST.slice(0, DOCKER_HOST.indexOf(":")).toLowerCase(),
      "unix:///path/to/docker.sock",
    );
  }
});
