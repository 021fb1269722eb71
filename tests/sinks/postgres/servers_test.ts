import { assertEquals } from "@std/assert";
import { type Server, Servers } from "../../../sinks/postgres/servers.ts";
import type { PostgresAddress } from "../../../sinks/postgres_sink.ts";

const CASES:
  readonly (readonly [PostgresAddress, readonly Server[], unknown])[] = [
    [
      "postgres://u:p%40ss@db:5433/agents?ssl=require",
      [{ host: "db", port: 5433 }],
      "postgres://u:p%40ss@db:5433/agents?ssl=require",
    ],
    ["postgres://db/agents", [{ host: "db" }], "postgres://db/agents"],
    // The environment says where.
    ["postgres:///agents", [{}], "postgres:///agents"],
    [
      "postgresql://u@a:1,b:2,c/agents?target_session_attrs=read-write&ssl=require",
      [{ host: "a", port: 1 }, { host: "b", port: 2 }, { host: "c" }],
      "postgresql://u@a:1/agents?ssl=require",
    ],
    [
      "postgres://u@[::1]:5433,[2001:db8::1]/agents?ssl=require&target_session_attrs=any",
      [{ host: "::1", port: 5433 }, { host: "2001:db8::1" }],
      "postgres://u@[::1]:5433/agents?ssl=require&",
    ],
    [
      "postgres://u@%2Frun%2Fpostgresql:5433/agents",
      [{ host: "/run/postgresql", port: 5433 }],
      "postgres://u@%2Frun%2Fpostgresql:5433/agents",
    ],
    [{ user: "u" }, [{}], { user: "u" }],
    [{ host: "db", port: 1, user: "u" }, [{ host: "db", port: 1 }], {
      user: "u",
    }],
    [{ host: "::1" }, [{ host: "::1" }], {}],
    [{ host: "/run/postgresql", port: 1 }, [{
      host: "/run/postgresql",
      port: 1,
    }], {}],
    [
      { host: "a:1,b", port: 2, target_session_attrs: "primary" },
      [{ host: "a", port: 1 }, { host: "b", port: 2 }],
      {},
    ],
    [
      { host: ["a", "b", "c"], port: [1, 2] },
      [{ host: "a", port: 1 }, { host: "b", port: 2 }, { host: "c", port: 1 }],
      {},
    ],
    [
      { host: "a", port: [1, 2] },
      [{ host: "a", port: 1 }, { host: "a", port: 2 }],
      {},
    ],
  ];

for (const [address, servers, rest] of CASES) {
  Deno.test(`Servers finds the servers in ${Deno.inspect(address)}`, () => {
    const found = new Servers(address);
    assertEquals(found.inTurn(), servers);
    assertEquals(found.address as unknown, rest);
  });
}

Deno.test("Servers begins with the one that was found last", () => {
  const servers = new Servers("postgres://a,b,c/agents");
  const hosts = () => servers.inTurn().map(({ host }) => host).join("");
  assertEquals(hosts(), "abc");
  servers.found(servers.inTurn()[1]!);
  assertEquals(hosts(), "bca");
  servers.found(servers.inTurn()[2]!);
  assertEquals(hosts(), "abc");
});
