import { CAP_ADD_ALLOWED } from "./cap_add.ts";
import { refusal } from "./refusal.ts";
import { type ArgumentRule, callProblem } from "./seccomp_calls.ts";
import { shown } from "./shown.ts";
import { fieldsOf, listOf, oneOf, textOf, wrong } from "./spec_values.ts";

const TEXT_LENGTH_MAX = 262_144;
const RULES_MAX = 1024;
const NAMES_MAX = 1024;
const ERRNO_MAX = 4095;

const DENYING = [
  "SCMP_ACT_ERRNO",
  "SCMP_ACT_KILL",
  "SCMP_ACT_KILL_PROCESS",
  "SCMP_ACT_KILL_THREAD",
  "SCMP_ACT_TRAP",
] as const;
/** Those with which the call is, or may be, made. */
const ALLOWING = [
  "SCMP_ACT_ALLOW",
  "SCMP_ACT_LOG",
  "SCMP_ACT_NOTIFY",
  "SCMP_ACT_TRACE",
] as const;
const COMPARISONS = [
  "SCMP_CMP_NE",
  "SCMP_CMP_LT",
  "SCMP_CMP_LE",
  "SCMP_CMP_EQ",
  "SCMP_CMP_GE",
  "SCMP_CMP_GT",
  "SCMP_CMP_MASKED_EQ",
] as const;

/**
 * Reads a seccomp profile that is to be no looser than the engine's own: one
 * that denies by default, and allows nothing that the engine's denies to a
 * container without further capabilities.
 *
 * What is returned is written anew from what was checked. An engine's JSON reader
 * takes `DefaultAction` for `defaultAction`, and the last of two equal keys, so
 * that the text as it came could mean something else to it. Rules for
 * capabilities that no sandbox can have are left out, as engines do; so the
 * engines' own profile is one that can be started from.
 *
 * @param value The profile, as JSON text.
 * @param what What it is, as messages name it.
 * @returns The profile, as JSON text.
 * @throws {BackendError} `spec_refused`
 */
export function readSeccomp(value: unknown, what = "seccomp"): string {
  const text = textOf(value, what, TEXT_LENGTH_MAX);
  const profile = fieldsOf(parseProfile(text, what), what, [
    "defaultAction",
    "defaultErrnoRet",
    "architectures",
    "archMap",
    "syscalls",
  ]);
  const rules = listOf(
    profile.get("syscalls") ?? [],
    `${what}.syscalls`,
    RULES_MAX,
  );
  return JSON.stringify({
    defaultAction: defaultAction(profile.get("defaultAction"), what),
    defaultErrnoRet: errnoOf(
      profile.get("defaultErrnoRet"),
      `${what}.defaultErrnoRet`,
    ),
    architectures: namesOf(
      profile.get("architectures"),
      `${what}.architectures`,
      ARCHITECTURE,
    ),
    archMap: archMapOf(profile.get("archMap"), `${what}.archMap`),
    syscalls: rules.flatMap((rule, i) =>
      readRule(rule, `${what}.syscalls[${i}]`)
    ),
  });
}

const ARCHITECTURE = /^SCMP_ARCH_[A-Z0-9_]+$/;
const CALL = /^[a-z_][a-z0-9_]*$/;

function parseProfile(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    wrong(what, text, "it must be the JSON text of a profile");
  }
}

function defaultAction(value: unknown, what: string): string {
  const isAllowing = ALLOWING.some((action) => action === value);
  if (!isAllowing) return oneOf(value, `${what}.defaultAction`, DENYING);
  wrong(
    `${what}.defaultAction`,
    value,
    "a profile that denies nothing by default is looser than the engine's; " +
      "use SCMP_ACT_ERRNO, and rules for what is allowed",
  );
}

/** A rule as it was checked; none if it could never apply. */
function readRule(value: unknown, what: string): unknown[] {
  const rule = fieldsOf(value, what, [
    "name",
    "names",
    "action",
    "errnoRet",
    "args",
    "comment",
    "includes",
    "excludes",
  ]);
  const action = oneOf(rule.get("action"), `${what}.action`, [
    ...DENYING,
    ...ALLOWING,
  ]);
  const includes = readFilter(rule.get("includes"), `${what}.includes`);
  const excludes = readFilter(rule.get("excludes"), `${what}.excludes`);
  const one = rule.get("name");
  const names = namesOf(
    rule.get("names") ?? (one === undefined ? undefined : [one]),
    `${what}.names`,
    CALL,
  );
  if (names === undefined || names.length === 0) {
    throw refusal(`${what} has no names, but a rule must name system calls`);
  }
  if (one !== undefined && rule.has("names")) {
    throw refusal(`${what} has both name and names; keep names`);
  }
  const args = listOf(rule.get("args") ?? [], `${what}.args`, 6)
    .map((arg, i) => readArg(arg, `${what}.args[${i}]`));
  const errnoRet = errnoOf(rule.get("errnoRet"), `${what}.errnoRet`);
  if (includes?.caps?.some(isNeverHeld)) return [];
  if (ALLOWING.some((each) => each === action)) {
    const isForS390 = includes?.arches?.every(isS390) === true &&
      includes.arches.length > 0;
    for (const name of names) {
      const problem = callProblem(name, args, isForS390);
      if (problem !== undefined) {
        throw refusal(`${what} allows ${shown(name)}, ${problem}`);
      }
    }
  }
  return [{ names, action, errnoRet, args, includes, excludes }];
}

function isNeverHeld(capability: string): boolean {
  return !CAP_ADD_ALLOWED.some((name) => `CAP_${name}` === capability);
}

function isS390(arch: string): boolean {
  return arch === "s390" || arch === "s390x";
}

function readArg(value: unknown, what: string): ArgumentRule {
  const arg = fieldsOf(value, what, ["index", "value", "valueTwo", "op"]);
  const number = (key: "index" | "value" | "valueTwo", max: number) =>
    integerOf(arg.get(key) ?? 0, `${what}.${key}`, 0, max);
  return {
    index: number("index", 5),
    // Larger ones have no exact number here, and none is needed.
    value: number("value", Number.MAX_SAFE_INTEGER),
    valueTwo: number("valueTwo", Number.MAX_SAFE_INTEGER),
    op: oneOf(arg.get("op"), `${what}.op`, COMPARISONS),
  };
}

function readFilter(value: unknown, what: string) {
  if (value === undefined || value === null) return undefined;
  const filter = fieldsOf(value, what, ["caps", "arches", "minKernel"]);
  const minKernel = filter.get("minKernel");
  return {
    caps: namesOf(filter.get("caps"), `${what}.caps`, /^CAP_[A-Z0-9_]+$/),
    arches: namesOf(filter.get("arches"), `${what}.arches`, /^[a-z0-9]+$/),
    minKernel: minKernel === undefined
      ? undefined
      : nameOf(minKernel, `${what}.minKernel`, /^\d{1,3}\.\d{1,3}$/),
  };
}

function archMapOf(value: unknown, what: string) {
  if (value === undefined) return undefined;
  return listOf(value, what, 64).map((each, i) => {
    const name = `${what}[${i}]`;
    const entry = fieldsOf(each, name, ["architecture", "subArchitectures"]);
    const subs = entry.get("subArchitectures");
    return {
      architecture: nameOf(
        entry.get("architecture"),
        `${name}.architecture`,
        ARCHITECTURE,
      ),
      // Go writes an empty list as null.
      subArchitectures: subs === null
        ? []
        : namesOf(subs, `${name}.subArchitectures`, ARCHITECTURE),
    };
  });
}

function namesOf(
  value: unknown,
  what: string,
  form: RegExp,
): string[] | undefined {
  if (value === undefined) return undefined;
  return listOf(value, what, NAMES_MAX)
    .map((name) => nameOf(name, `an entry of ${what}`, form));
}

function nameOf(value: unknown, what: string, form: RegExp): string {
  const name = textOf(value, what, 128);
  return form.test(name)
    ? name
    : wrong(what, name, "that is none that a profile can have");
}

/** An errno of 0 would tell a program that a call was made that was not. */
function errnoOf(value: unknown, what: string): number | undefined {
  if (value === undefined) return undefined;
  return integerOf(value, what, 1, ERRNO_MAX);
}

function integerOf(
  value: unknown,
  what: string,
  min: number,
  max: number,
): number {
  if (
    Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max
  ) {
    return Number(value);
  }
  wrong(what, value, `it must be an integer from ${min} to ${max}`);
}
