import type {
  FailingSpec,
  Need,
  SandboxBackendRule,
  SandboxBackendSupports,
  SandboxCalls,
  SandboxSessionCalls,
} from "./rule.ts";

/** What an adapter declares, and what it gives to try it by. */
export interface Given {
  readonly supports: SandboxBackendSupports;
  readonly calls: SandboxCalls;
  readonly session: SandboxSessionCalls | undefined;
  readonly failing: readonly FailingSpec[];
  readonly running: unknown;
}

/** What is given for a need that is not a matter of declaring. */
const AT_HAND: Readonly<Partial<Record<Need, (given: Given) => unknown>>> = {
  "calls.badArguments": ({ calls }) => calls.badArguments?.[0],
  "calls.echo": ({ calls }) => calls.echo,
  failing: ({ failing }) => failing[0],
  running: ({ running }) => running,
  "session.slow": ({ session }) => session?.slow,
};

/** Checks that what is declared can be tried. */
export function checkDeclared({ supports, calls, session }: Given): void {
  const missing = supports.isolation && calls.state === undefined
    ? ["isolation", "calls.state"]
    : supports.timeouts && calls.slow === undefined
    ? ["timeouts", "calls.slow"]
    : supports.sessions && session === undefined
    ? ["sessions", "session"]
    : undefined;
  if (missing === undefined) return;
  throw new TypeError(
    `It declares ${missing[0]}, but \`${
      missing[1]
    }\` is not given to try it by`,
  );
}

/** Why a rule is not tried, if it is not. */
export function skipReason(
  { needs = [], unless }: SandboxBackendRule,
  given: Given,
): string | undefined {
  const declared = new Set(
    Object.entries(given.supports).flatMap(([key, is]) => is ? [key] : []),
  );
  if (unless !== undefined && declared.has(unless)) {
    return `it declares ${unless}`;
  }
  for (const need of needs) {
    const isAtHand = AT_HAND[need];
    if (isAtHand === undefined) {
      if (!declared.has(need)) return `it does not declare ${need}`;
    } else if (isAtHand(given) === undefined) return `no ${need} is given`;
  }
  return undefined;
}
