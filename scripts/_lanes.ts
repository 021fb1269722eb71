// Which tests run beside which others, each lane as the arguments of `deno`.

/** What the tests may do; CONTRIBUTING.md says why. */
const TEST = ["test", "-RWE", "--allow-ffi", "--allow-run", "--allow-net"];

/** Every test is in here. */
const ALL = "tests/";

/**
 * The lanes with names, and where their tests are: those of the engine and of a
 * database, which mostly wait and leave the processor to the others, and those of logs
 * in files. There is one more lane, of all that is nowhere here.
 */
export const LANES: Readonly<Record<string, readonly string[]>> = {
  engine: [
    "tests/docker/",
    "tests/egress/",
    "tests/backends/local_docker/engine_silence_test.ts",
  ],
  database: ["tests/postgres/", "tests/sinks/postgres/"],
  files: [
    "tests/crash/",
    "tests/faults/",
    "tests/fuzz/",
    "tests/sinks/jsonl/",
    "tests/sinks/sqlite/",
  ],
};

/** Where a report goes. */
const REPORT = "--junit-path";

/** Options whose value is the word behind them, which is no path then. */
const TAKES_VALUE: readonly string[] = [
  ...[REPORT, "--filter", "--reporter", "--shard", "--related"],
  ...["--retry", "--repeats", "--seed", "--config", "-c", "--import-map"],
  ...["--cert", "--location", "--ext", "--preload", "--require"],
  ...["--conditions", "--coverage-threshold", "--min-dep-age"],
];

/** The arguments of `deno test` itself, and those for the tests with their `--`. */
function split(args: readonly string[]): { own: string[]; rest: string[] } {
  const end = args.includes("--") ? args.indexOf("--") : args.length;
  return { own: args.slice(0, end), rest: args.slice(end) };
}

/** Whether arguments of `deno test` say what of the types to check. */
export function saysWhatToCheck(args: readonly string[]): boolean {
  return split(args).own.some((arg) => /^--(no-)?check(=|$)/.test(arg));
}

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
 * What is in no lane with a name is in the last one, so that no test is in two, or in
 * none. Paths among the arguments say what to run, in one lane.
 *
 * @param args Arguments of `deno test`; those behind `--` are for the tests.
 * @param named The lanes with names, each with paths that there are.
 * @returns For each lane the arguments of `deno`.
 */
export function lanesOf(
  args: readonly string[],
  named: Readonly<Record<string, readonly string[]>>,
): string[][] {
  const { own, rest } = split(args);
  if (namesPaths(own)) return [[...TEST, ...args]];
  const lanes = Object.entries(named).filter(([, paths]) => paths.length > 0);
  if (lanes.length === 0) return [[...TEST, ALL, ...args]];
  const ignored = lanes.flatMap(([, paths]) => paths);
  const others = [`--ignore=${ignored.join(",")}`, ALL];
  return [...lanes, ["others", others] as const].map(([name, paths]) => [
    ...[...TEST, ...paths],
    ...[...withOwnReport(own, name), ...rest],
  ]);
}
