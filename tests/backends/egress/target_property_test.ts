import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  MalformedMessage,
  parseRequestHead,
} from "../../../backends/egress/request_head.ts";
import {
  connectTarget,
  plainTarget,
  RefusedTarget,
} from "../../../backends/egress/target.ts";
import { almostHttp, headOf, texts } from "./_http.ts";
import { connect, plain } from "./_targets.ts";

Deno.test("plainTarget and connectTarget throw nothing but RefusedTarget", () => {
  const targets = fc.oneof(
    texts,
    fc.stringMatching(/^http:\/\/[a1x:.[\]%@\\?#/-]*$/, { maxLength: 40 }),
    fc.stringMatching(/^[a1x:.[\]%@-]*:[0-9]{1,5}$/, { maxLength: 40 }),
  );
  fc.assert(fc.property(targets, targets, (target, host) => {
    for (const head of [plain(target, host), connect(target, host)]) {
      try {
        if (head.method === "CONNECT") connectTarget(head);
        else assert(/^(?:\/[!-~]*|\*)$/.test(plainTarget(head).path));
      } catch (error) {
        if (!(error instanceof RefusedTarget)) throw error;
      }
    }
  }));
});

Deno.test("plainTarget and connectTarget read whatever parseRequestHead returns", () => {
  fc.assert(fc.property(almostHttp, (bytes) => {
    try {
      const head = parseRequestHead(bytes);
      if (head.method === "CONNECT") connectTarget(head);
      else plainTarget(head);
    } catch (error) {
      if (error instanceof MalformedMessage) return;
      if (!(error instanceof RefusedTarget)) throw error;
    }
  }));
  const head = parseRequestHead(headOf("GET http://a/ HTTP/1.1", "Host: a"));
  assertEquals(plainTarget(head).host, "a");
});
