import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { readEgressGrant } from "../../../backends/egress/egress_grant.ts";
import type { EgressOptions } from "../../../backends/mod.ts";

Deno.test("readEgressGrant tells an option that is not there from one that grants all that is public", () => {
  assertEquals(readEgressGrant(undefined), undefined);
  assertEquals(readEgressGrant({}), { allow: undefined, deny: [] });
  assertEquals(readEgressGrant({ allow: [] })?.allow, []);
});

Deno.test("readEgressGrant reads what is allowed and denied, and leaves the rest alone", () => {
  const grant = readEgressGrant({
    allow: ["*.A.example", { host: "b.example", methods: ["get"] }],
    deny: ["*.internal"],
    forwarderImage: "",
    treatAsPublic: ["10.0.0.0/8"],
    resolve: () => Promise.resolve([]),
    onAttempt: () => {},
  });
  assertEquals(grant?.allow?.map(({ text }) => text), [
    "*.a.example",
    "b.example",
  ]);
  assertEquals(grant?.deny.map(({ text }) => text), ["*.internal"]);
  assertEquals(Object.isFrozen(grant), true);
});

Deno.test("lesson 37: readEgressGrant calls a ceiling that is misspelt a misuse, for it would be none", () => {
  const wrong: [unknown, string][] = [
    [{ alow: ["a.example"] }, "did you mean allow?"],
    [{ allowed: ["a.example"] }, "did you mean allow?"],
    [{ deny: "a.example" }, "deny is"],
    [{ deny: [null] }, "deny[0] is null"],
    [{ allow: null }, "allow is null"],
    [{ allow: ["*"] }, "allow[0] is"],
    [{ allow: ["a.example/"] }, "allow[0] is"],
    [null, "the option is null"],
    [true, "the option is true"],
    [[], "the option is an array"],
    ["a.example", "the option is"],
  ];
  for (const [option, words] of wrong) {
    const error = assertThrows(
      () => readEgressGrant(option as EgressOptions),
      TypeError,
    );
    assertStringIncludes(error.message, "egress: ");
    assertStringIncludes(error.message, words);
  }
});
