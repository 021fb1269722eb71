import {
  assertEquals,
  assertInstanceOf,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  checkImage,
  checkImagePolicies,
  DEFAULT_IMAGE_ALLOW,
  type ImagePolicies,
} from "../../backends/image_policy.ts";
import {
  BackendError,
  type ImagePolicy,
  type PullPolicy,
} from "../../backends/mod.ts";
import { refuses } from "./_refuses.ts";

const HEX = "0123456789abcdef".repeat(4);
const PINNED = `alpine@sha256:${HEX}`;
const ID = `sha256:${HEX}`;

function isAllowed(image: string, policies: ImagePolicies): boolean {
  try {
    checkImage(image, policies);
    return true;
  } catch (error) {
    assertInstanceOf(error, BackendError);
    assertEquals(error.code, "image_refused", error.message);
    return false;
  }
}

Deno.test("checkImage allows Docker's registry and local ones where nobody says otherwise", () => {
  assertEquals(DEFAULT_IMAGE_ALLOW, ["docker.io", "localhost"]);
  for (const env of [undefined, "", " ", ",", " , ,\n"]) {
    for (const image of ["alpine", "team/app:1", "localhost/x", PINNED]) {
      assertEquals(isAllowed(image, { env }), true, image);
    }
    for (const image of ["example.com/x", "127.0.0.1:5000/x", "Registry/x"]) {
      assertEquals(isAllowed(image, { env }), false, image);
    }
  }
});

for (const image of ["docker.io/library/x", "localhost:5000/x"]) {
  Deno.test(`lesson 26: checkImage allows ${image} by default and by name`, () => {
    const registry = image.slice(0, image.indexOf("/"));
    const policies: ImagePolicies[] = [
      {},
      { backend: { allow: [registry] } },
      { backend: { allow: [image] } },
      { env: registry },
      { env: `example.com ${image}`, spec: { allow: [registry] } },
    ];
    for (const policy of policies) {
      assertEquals(checkImage(image, policy).reference.name, image);
    }
  });
}

Deno.test("lesson 26: checkImage takes x@sha256: for no name, and so not for pinned", () => {
  const policies = { backend: { pinned: true } };
  for (const image of ["x@sha256:", "x@sha256:abc", `x@sha256:${HEX}0`]) {
    refuses("spec_refused", () => checkImage(image, policies), "sha256");
  }
  const image = "docker.io/library/x";
  for (const by of ["backend", "spec"] as const) {
    const ask = { [by]: { pinned: true } };
    refuses(
      "image_refused",
      () => checkImage(`${image}:sha256`, ask),
      `the ${by}'s image policy asks for images that are pinned`,
      `${image}@sha256:…`,
    );
    assertEquals(isAllowed(`${image}@sha256:${HEX}`, ask), true);
    assertEquals(isAllowed(`${image}:1@sha256:${HEX}`, ask), true);
  }
});

Deno.test("checkImage allows what the option and the variable allow together", () => {
  const policies = {
    backend: { allow: ["example.com/team"] },
    env: "alpine, localhost:5000\tmyorg/*",
  };
  const yes = ["example.com/team/a", "alpine:3", "localhost:5000/a", "myorg/a"];
  const no = ["busybox", "example.com/teams/a", "localhost/a", "myorganic/a"];
  for (const image of yes) {
    assertEquals(isAllowed(image, policies), true, image);
  }
  for (const image of no) {
    assertEquals(isAllowed(image, policies), false, image);
  }
  refuses(
    "image_refused",
    () => checkImage("busybox", policies),
    "the backend's image policy with ZU_IMAGE_REGISTRY_ALLOWLIST",
    '"busybox"',
    "in full it is docker.io/library/busybox",
    "example.com/team, docker.io/library/alpine, localhost:5000, docker.io/myorg",
  );
});

Deno.test("checkImage lets the spec narrow, and not widen", () => {
  const narrow = { spec: { allow: ["docker.io/library"] } };
  assertEquals(isAllowed("alpine", narrow), true);
  refuses(
    "image_refused",
    () => checkImage("team/app", narrow),
    "the spec's image policy",
    "docker.io/library",
  );
  const wide = {
    backend: { allow: ["alpine"] },
    spec: { allow: ["docker.io"] },
  };
  assertEquals(isAllowed("alpine", wide), true);
  refuses(
    "image_refused",
    () => checkImage("busybox", wide),
    "the backend's image policy",
  );
  assertEquals(
    isAllowed("example.com/a", { spec: { allow: ["example.com"] } }),
    false,
  );
});

Deno.test("checkImage allows nothing by an empty list", () => {
  for (
    const policies of [{ backend: { allow: [] } }, { spec: { allow: [] } }]
  ) {
    refuses(
      "image_refused",
      () => checkImage("alpine", policies),
      "What it allows is nothing",
    );
  }
  assertEquals(
    isAllowed("alpine", { backend: { allow: [] }, env: "alpine" }),
    true,
  );
});

Deno.test("checkImage allows an id where nobody gave an allow-list, and never pulls it", () => {
  for (const pull of ["never", "missing", "always"] as const) {
    const { reference, pull: resolved } = checkImage(ID, {
      backend: { pinned: true, pull },
    });
    assertEquals([reference.name, resolved], [ID, "never"]);
  }
  const lists: ImagePolicies[] = [
    { backend: { allow: ["docker.io"] } },
    { env: "docker.io" },
    { spec: { allow: ["docker.io"] } },
    { backend: { allow: [] } },
  ];
  for (const policies of lists) {
    refuses(
      "image_refused",
      () => checkImage(ID, policies),
      "an id does not tell where the image came from",
    );
  }
  refuses("spec_refused", () => checkImage(HEX, {}), ID);
});

Deno.test("checkImage resolves the pull policy: never wins, then the spec's, then the backend's", () => {
  const cases: [PullPolicy | undefined, PullPolicy | undefined, PullPolicy][] =
    [
      [undefined, undefined, "missing"],
      ["never", undefined, "never"],
      ["missing", undefined, "missing"],
      ["always", undefined, "always"],
      [undefined, "never", "never"],
      [undefined, "missing", "missing"],
      [undefined, "always", "always"],
      ["never", "missing", "never"],
      ["never", "always", "never"],
      ["missing", "never", "never"],
      ["always", "never", "never"],
      ["missing", "always", "always"],
      ["always", "missing", "missing"],
    ];
  const policy = (pull?: PullPolicy): ImagePolicy =>
    pull === undefined ? {} : { pull };
  for (const [backend, spec, expected] of cases) {
    const policies = { backend: policy(backend), spec: policy(spec) };
    assertEquals(
      checkImage("alpine", policies).pull,
      expected,
      `${backend} and ${spec}`,
    );
  }
});

Deno.test("checkImage and checkImagePolicies call a bad policy a misuse, and name the entry", () => {
  const cases: [unknown, string][] = [
    [{ allow: ["alpine:x"] }, '"alpine:x"'],
    [{ allow: ["docker.io/library/alpine:3"] }, ":3"],
    [{ allow: ["docker.io", ""] }, 'is ""'],
    [{ allow: [null] }, "is null"],
    [{ allow: "docker.io" }, "must be an array"],
    [{ allow: { 0: "docker.io" } }, "must be an array"],
    [{ allowed: ["docker.io"] }, "did you mean allow?"],
    [{ pinned: "true" }, "must be true or false"],
    [{ pinned: 1 }, "must be true or false"],
    [{ pull: "Never" }, "one of never, missing, always"],
    [{ pull: true }, "one of never, missing, always"],
    [["docker.io"], "must be a plain object"],
    ["docker.io", "must be a plain object"],
  ];
  for (const [policy, words] of cases) {
    const backend = policy as ImagePolicy;
    for (
      const check of [
        () => checkImage("alpine", { backend }),
        () => checkImage("alpine", { spec: backend }),
        () => checkImagePolicies({ backend }),
      ]
    ) {
      const error = assertThrows(check, TypeError);
      assertStringIncludes(error.message, words);
      assertStringIncludes(error.message, "image policy");
    }
  }
  for (const check of [checkImagePolicies, checkImage.bind(null, "alpine")]) {
    const error = assertThrows(
      () => check({ env: "docker.io, https://example.com" }),
      TypeError,
    );
    assertStringIncludes(error.message, "ZU_IMAGE_REGISTRY_ALLOWLIST");
    assertStringIncludes(error.message, '"https://example.com"');
  }
  checkImagePolicies({ backend: { allow: ["a/*"], pull: "never" }, env: "b" });
});
