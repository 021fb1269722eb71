import { isIP } from "node:net";
import { isIPv6, readRuleHost, textProblem } from "./egress_host.ts";
import type { CheckedRule } from "./egress_rule.ts";
import { refusal } from "../spec/refusal.ts";
import { shown } from "../spec/shown.ts";
import {
  booleanOf,
  fieldsOf,
  listOf,
  textOf,
  wrong,
} from "../spec/spec_values.ts";
import type { EgressRule } from "../egress_policy.ts";

const KEYS = ["host", "port", "methods", "tcp"] as const satisfies readonly (
  keyof EgressRule
)[];
const TEXT_MAX = 320;
const METHODS_MAX = 32;
const PORT = "a port must be a number from 1 to 65535, without further zeros";

/**
 * Reads a rule that allows something: text, or an {@linkcode EgressRule}.
 *
 * @param value The rule, which may be anything.
 * @param what What it is, as messages name it.
 * @throws {BackendError} `spec_refused`
 */
export function readRule(value: unknown, what: string): CheckedRule {
  if (typeof value === "string") return readText(value, what, "narrow");
  if (typeof value !== "object" || value === null) {
    wrong(what, value, "it must be text, such as example.com:443, or a rule");
  }
  const fields = fieldsOf(value, what, KEYS);
  const given = textOf(fields.get("host"), `${what}.host`, TEXT_MAX);
  const host = readRuleHost(
    withoutPort(given, `${what}.host`),
    `${what}.host`,
    "narrow",
  );
  const port = fields.get("port");
  if (port !== undefined && !isPort(port)) wrong(`${what}.port`, port, PORT);
  const asked = fields.get("methods");
  const methods = asked === undefined
    ? undefined
    : readMethods(asked, `${what}.methods`);
  const raw = fields.get("tcp");
  const tcp = raw === undefined ? false : booleanOf(raw, `${what}.tcp`);
  if (tcp && methods?.includes("CONNECT") === false) {
    throw refusal(
      `${what} has tcp: true, which is for tunnels, but no CONNECT among its ` +
        "methods. Add it, or leave out tcp",
    );
  }
  return rule(host, port, methods, tcp);
}

/**
 * Reads a rule that denies something: text. It may be wider than one that allows.
 *
 * @param value The rule, which may be anything.
 * @param what What it is, as messages name it.
 * @throws {BackendError} `spec_refused`
 */
export function readDenyRule(value: unknown, what: string): CheckedRule {
  return readText(value, what, "wide");
}

function readText(
  value: unknown,
  what: string,
  wideness: "narrow" | "wide",
): CheckedRule {
  const text = textOf(value, what, TEXT_MAX);
  const problem = textProblem(text);
  if (problem !== undefined) wrong(what, text, problem);
  const parts = /^(\[[^\]]*\]|[^:]*)(?::([^:]*))?$/.exec(text);
  if (parts === null) {
    wrong(
      what,
      text,
      isIP(text) === 6
        ? `an IPv6 address must be in brackets: [${text}]`
        : "it must be a host and maybe a port: example.com:443",
    );
  }
  const [, host = "", digits] = parts;
  const port = digits === undefined ? undefined : Number(digits);
  if (digits !== undefined && !(/^[1-9]\d*$/.test(digits) && isPort(port))) {
    wrong(what, text, PORT);
  }
  return rule(readRuleHost(host, what, wideness), port, undefined, false);
}

function withoutPort(host: string, what: string): string {
  if (isIP(host) === 6 || !/[^:]:\d*$/.test(host)) return host;
  wrong(what, host, "the port has a key of its own: port");
}

function rule(
  host: string,
  port: number | undefined,
  methods: readonly string[] | undefined,
  tcp: boolean,
): CheckedRule {
  const name = isIPv6(host) ? `[${host}]` : host;
  const text = port === undefined ? name : `${name}:${port}`;
  return Object.freeze({ text, host, port, methods, tcp });
}

function isPort(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) > 0 && Number(value) < 65_536;
}

function readMethods(value: unknown, what: string): readonly string[] {
  const list = listOf(value, what, METHODS_MAX);
  if (list.length === 0) {
    throw refusal(
      `${what} is empty, and would allow nothing. Leave it out for all methods`,
    );
  }
  const methods = list.map((each, i) => {
    const name = textOf(each, `${what}[${i}]`, 32);
    // A token of HTTP, but for what no method has.
    if (/^[a-z0-9][a-z0-9_-]*$/i.test(name)) return name.toUpperCase();
    throw refusal(`${what}[${i}] is ${shown(each)}, which is no method's name`);
  });
  return Object.freeze([...new Set(methods)]);
}
