import { assertEquals } from "@std/assert";
import {
  checkHostNames,
  readDns,
  readExtraHosts,
} from "../../../backends/spec/host_names_check.ts";
import { readNetwork } from "../../../backends/spec/network_check.ts";
import { refuses } from "../_refuses.ts";

const UNRESTRICTED = readNetwork({ unrestricted: true });
const EGRESS = readNetwork({ egress: { allow: ["a"] } });

Deno.test("readExtraHosts and readDns take names and addresses", () => {
  const hosts = { "a.example": "10.0.0.1", "B.example": "::1" };
  assertEquals(readExtraHosts(hosts), {
    "a.example": "10.0.0.1",
    "b.example": "::1",
  });
  assertEquals(readDns(["10.0.0.1", "2001:db8::1"]), [
    "10.0.0.1",
    "2001:db8::1",
  ]);
  for (const name of ["", "a b", "*", "127.0.0.1", "a:1", "-a", "__proto__ "]) {
    refuses(
      "spec_refused",
      () => readExtraHosts({ [name]: "::1" }),
      "no host's name",
    );
  }
  const addresses = [
    ...[
      "",
      "a.example",
      "host-gateway",
      "10.0.0.1:53",
      "1.2.3",
      "fe80::1%eth0",
    ],
    ...["[::1]", 1, null, ["10.0.0.1"], {}],
  ];
  for (const address of addresses) {
    refuses(
      "spec_refused",
      () => readExtraHosts({ a: address }),
      "extraHosts.a",
    );
    refuses("spec_refused", () => readDns([address]), "dns[0]");
  }
  for (const value of [null, "a", 1, true]) {
    refuses("spec_refused", () => readExtraHosts(value), "extraHosts is");
    refuses("spec_refused", () => readDns(value), "dns is");
  }
  refuses("spec_refused", () => readDns(Array(9).fill("::1")), "9 entries");
});

Deno.test("checkHostNames refuses names that could not be reached or looked up", () => {
  const hosts = { a: "::1" };
  const none = { extraHosts: {}, dns: [] };
  for (const network of ["none", EGRESS, UNRESTRICTED] as const) {
    checkHostNames(none, network);
  }
  checkHostNames({ extraHosts: hosts, dns: ["::1"] }, UNRESTRICTED);
  for (const network of ["none", EGRESS] as const) {
    refuses(
      "spec_refused",
      () => checkHostNames({ ...none, dns: ["::1"] }, network),
      "dns with network",
      "contradiction",
    );
    refuses(
      "spec_refused",
      () => checkHostNames({ ...none, extraHosts: hosts }, network),
      "extraHosts with network",
    );
    refuses(
      "spec_refused",
      () => checkHostNames({ extraHosts: hosts, dns: ["::1"] }, network),
      "extraHosts and dns",
    );
  }
});
