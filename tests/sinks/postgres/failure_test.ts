import { assertEquals, assertStrictEquals } from "@std/assert";
import {
  connectionLost,
  connectTimeout,
  fromPg,
  isStandby,
  noAnswer,
  troubleOf,
} from "../../../sinks/postgres/failure.ts";
import { SinkError } from "../../../sinks/mod.ts";

const CASES: Readonly<Record<string, readonly [string, string]>> = {
  "a closed connection": ["CONNECTION_CLOSED", "lost io"],
  "a server that is shut down": ["57P01", "lost io"],
  "a standby in the primary's place": ["25006", "lost read_only"],
  "a connection exception": ["08006", "lost io"],
  "a deadlock": ["40P01", "again io"],
  "a lock that was not to be had": ["55P03", "again locked"],
  "a taken id": ["23505", "duplicate io"],
  "a full volume": ["53100", "final disk_full"],
  "a lacking privilege": ["42501", "final read_only"],
  "a lacking table": ["42P01", "final not_a_log"],
  "a wrong password": ["28P01", "final io"],
  "anything else": ["22023", "final io"],
};

for (const [what, [code, expected]] of Object.entries(CASES)) {
  Deno.test(`fromPg and troubleOf take ${what} for what it is`, () => {
    const cause = Object.assign(new Error("said the server"), { code });
    const error = fromPg(cause, "append") as SinkError;
    assertEquals(`${troubleOf(cause)} ${error.code}`, expected);
    assertStrictEquals(error.cause, cause);
    assertEquals(error.message.includes("said the server"), true);
    assertEquals(error.message.startsWith("Cannot append: "), true);
  });
}

Deno.test("fromPg leaves an error of the sink, and one without a code, as it is", () => {
  const own = new SinkError("duplicate_id", "taken");
  assertStrictEquals(fromPg(own, "append"), own);
  const bug = new TypeError("a bug");
  assertStrictEquals(fromPg(bug, "append"), bug);
});

Deno.test("noAnswer, connectTimeout, connectionLost and isStandby count as lost connections", () => {
  const errors = [
    noAnswer(100),
    connectTimeout(100),
    connectionLost(),
    isStandby(),
  ];
  for (const error of errors) assertEquals(troubleOf(error), "lost");
  const { code } = fromPg(isStandby(), "read") as SinkError;
  assertEquals(code, "read_only");
});

Deno.test("fromPg tells of prepare where a pooler has mixed up statements", () => {
  for (const code of ["26000", "42P05"]) {
    const cause = Object.assign(new Error("said the server"), { code });
    assertEquals(
      fromPg(cause, "read").message.includes("prepare: false"),
      true,
    );
  }
});
