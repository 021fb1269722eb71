import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { renderDomArgv } from "../../backends/mod.ts";

const url = "https://example.com/a?b=c#d";

Deno.test("renderDomArgv gives zu-render its url and its flags", () => {
  assertEquals(renderDomArgv({ url }), ["zu-render", url]);
  assertEquals(
    renderDomArgv({
      url,
      width: 800,
      height: 600,
      wait_until: "networkidle",
      wait_for: "#done",
      wait_ms: 250,
      actions: [{ click: "text=Next" }],
      capture_network: true,
    }),
    [
      "zu-render",
      url,
      "--width",
      "800",
      "--height",
      "600",
      "--wait-until",
      "networkidle",
      "--wait-for",
      "#done",
      "--wait-ms",
      "250",
      "--actions",
      '[{"click":"text=Next"}]',
      "--capture-network",
    ],
  );
  const nothing = {
    url,
    width: null,
    actions: undefined,
    capture_network: false,
  };
  assertEquals(renderDomArgv(nothing), ["zu-render", url]);
});

Deno.test("lesson 29: renderDomArgv refuses a url that is missing or would be a flag", () => {
  const urls = [
    undefined,
    null,
    "",
    7,
    ["https://example.com/"],
    "--help",
    "-x",
    " https://example.com/",
    "example.com",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "http://",
  ];
  for (const url of urls) {
    const error = assertThrows(() => renderDomArgv({ url }), TypeError);
    assertStringIncludes(error.message, "url is ");
  }
});

Deno.test("renderDomArgv refuses arguments that are none of the tool's", () => {
  const odd: Record<string, unknown>[] = [
    { width: 800 },
    { width: 0, height: 1 },
    { width: 1.5, height: 1 },
    { width: "800", height: "600" },
    { wait_until: "soon" },
    { wait_for: "--actions" },
    { wait_for: "a\0b" },
    { wait_for: 1 },
    { wait_ms: -1 },
    { wait_ms: 1e9 },
    { actions: "[]" },
    { actions: { click: "x" } },
    { capture_network: "yes" },
  ];
  for (const args of odd) {
    assertThrows(() => renderDomArgv({ url, ...args }), TypeError);
  }
});
