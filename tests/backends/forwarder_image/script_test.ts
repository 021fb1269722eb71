import { assert, assertEquals, assertMatch } from "@std/assert";
import { parseForwarderFlags } from "../../../backends/forwarder_image/script.ts";

const NOTHING = { replace: false, help: false };

Deno.test("parseForwarderFlags reads each flag, with = or without", () => {
  assertEquals(parseForwarderFlags([]), NOTHING);
  assertEquals(
    parseForwarderFlags([
      "--image",
      "localhost/f:2",
      "--deno=/a b=c",
      "--replace",
    ]),
    { image: "localhost/f:2", deno: "/a b=c", replace: true, help: false },
  );
  assertEquals(parseForwarderFlags(["--tar", "f.tar"]), {
    ...NOTHING,
    tar: "f.tar",
  });
  assertEquals(parseForwarderFlags(["--help"]), { ...NOTHING, help: true });
});

Deno.test("parseForwarderFlags says what is wrong", () => {
  const problem = (...args: string[]) => {
    const flags = parseForwarderFlags(args);
    assert(typeof flags === "string", JSON.stringify(flags));
    return flags;
  };
  assertMatch(problem("--imge", "x"), /no flag "--imge"/);
  assertMatch(problem("localhost/f:2"), /no flag/);
  assertMatch(problem("\u001b[2J"), /\\u001b/);
  assertMatch(problem("--image"), /--image needs a value/);
  assertMatch(problem("--image="), /--image needs a value/);
  assertMatch(problem("--deno", "--replace"), /--deno needs a value/);
  assertMatch(problem("--deno", "a", "--deno=b"), /twice/);
  assertMatch(problem("--replace=yes"), /takes no value/);
  assertMatch(problem("--tar", "f", "--image", "i"), /--image is of no use/);
});
