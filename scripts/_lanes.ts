// Which tests run beside which others, each lane as the arguments of `deno`.

/** What the tests may do; CONTRIBUTING.md says why. */
const TEST = ["test", "-RWE", "--allow-ffi", "--allow-run", "--allow-net"];

/** Every test is in here. */
const ALL = "tests/";

/**
 * Where the tests are that mostly wait, for the engine, a database or a limit, and
 * leave the processor to the others.
 */
export const WAITING: readonly string[] = [
  "tests/docker/",
  "tests/egress/",
  "tests/postgres/",
  "tests/sinks/postgres/",
  "tests/backends/local_docker/engine_silence_test.ts",
];

/** Where a report goes. */
const REPORT = "--junit-path";

/** Options whose value is the word behind them, which is no path then. */
const TAKES_VALUE: readonly string[] = [
  ...[REPORT, "--filter", "--reporter", "--shard", "--related"],
  ...["--retry", "--repeats", "--seed", "--config", "-c", "--import-map"],
  ...["--cert", "--location", "--ext", "--preload", "--require"],
  ...["--conditions", "--coverage-threshold", "--min-dep-age"],
];

/** Whether paths of tests are among the arguments. */
function namesPaths(args: readonly string[]): boolean {
  return args.some((arg, i) =>
    !arg.startsWith("-") && !TAKES_VALUE.includes(args[i - 1] ?? "")
  );
}

/** The arguments, with a report of the lane's own where one is asked for. */
function withOwnReport(args: readonly string[], name: string): string[] {
  const own = (path: string) =>
    path === "-" ? path : path.replace(/(?=\.[^./\\]*$)|$/, `-${name}`);
  return args.map((arg, i) => {
    if (args[i - 1] === REPORT) return own(arg);
    if (!arg.startsWith(`${REPORT}=`)) return arg;
    return `${REPORT}=${own(arg.slice(REPORT.length + 1))}`;
  });
}

/**
 * The runs of `deno test` that make up a run of every test.
 *
 * What is not among the first lane's paths is in the second, so that no test is in
 * both, or in none. Paths among the arguments say what to run, in one lane.
 *
 * @param args Arguments of `deno test`; those behind `--` are for the tests.
 * @param waiting The paths of the first lane; without any there is one lane.
 * @returns For each lane the arguments of `deno`.
 */
export function lanesOf(
  args: readonly string[],
  waiting: readonly string[],
): string[][] {
  const end = args.indexOf("--");
  const own = end < 0 ? args : args.slice(0, end);
  const rest = end < 0 ? [] : args.slice(end);
  if (namesPaths(own)) return [[...TEST, ...args]];
  if (waiting.length === 0) return [[...TEST, ALL, ...args]];
  const others = [`--ignore=${waiting.join(",")}`, ALL];
  return [
    [...TEST, ...waiting, ...withOwnReport(own, "waiting"), ...rest],
    [...TEST, ...others, ...withOwnReport(own, "others"), ...rest],
  ];
}
