import { assert, assertEquals, assertThrows } from "@std/assert";
import type { RequestHead } from "../../../backends/egress/request_head.ts";
import { RefusedTarget } from "../../../backends/egress/target.ts";
import { requestWith } from "./_http.ts";

/** A CONNECT request. */
export function connect(target: string, ...hosts: string[]): RequestHead {
  const lines = hosts.map((host) => `Host: ${host}`);
  return requestWith(lines, { method: "CONNECT", target });
}

/** A plain request. */
export function plain(target: string, ...hosts: string[]): RequestHead {
  const lines = hosts.map((host) => `Host: ${host}`);
  return requestWith(lines, { method: "GET", target });
}

/** Asserts that a target is refused; returns what is reported of it. */
export function refused(
  read: () => unknown,
  reason: RefusedTarget["reason"],
  what: string,
): [string | null, number | null] {
  const error = assertThrows(read, RefusedTarget, "", what);
  assertEquals(error.reason, reason, `${what}: ${error.message}`);
  assert(/^[ -~]{1,400}$/.test(error.message), error.message);
  return [error.host, error.port];
}
