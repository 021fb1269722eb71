// Which files a dry run of `deno publish` would publish, and whether they are
// those that a user needs.

const ALLOWED = [
  /^(?:deno\.json|README\.md|CHANGELOG\.md|LICENSE)$/,
  /^(?:mod|registry|adapter_registry|registry_error)\.ts$/,
  /^(?:codec|sinks|backends|tests\/conformance)\/.+(?<!_test)\.ts$/,
];
const REQUIRED = ["deno.json", "README.md", "CHANGELOG.md", "LICENSE"];

/**
 * The files that a dry run listed, relative to the package's folder.
 *
 * @param output What `deno publish --dry-run` printed, without colours.
 * @throws {Error} If it lists no config, so that the folder is not known.
 */
export function publishedFiles(output: string): string[] {
  const urls = Array.from(
    output.matchAll(/^ +(file:\/\/\S+) \([\d.]+\s?\w+\)$/gm),
    (match) => match[1]!,
  );
  const configs = urls.filter((url) => url.endsWith("/deno.json"));
  const root = configs.sort((a, b) => a.length - b.length)[0]
    ?.slice(0, -"deno.json".length);
  if (root === undefined) {
    throw new Error(
      "Cannot tell which files would be published: the dry run lists no " +
        "deno.json",
    );
  }
  return urls.map((url) => decodeURIComponent(url.slice(root.length))).sort();
}

/**
 * What is wrong with a list of files to publish, one line each.
 *
 * @param files The files, relative to the package's folder.
 * @param exports The targets of the config's `exports`.
 */
export function publishProblems(
  files: readonly string[],
  exports: readonly string[],
): string[] {
  const required = [
    ...REQUIRED,
    ...exports.map((path) => path.replace(/^\.\//, "")),
  ];
  return [
    ...files.filter((file) => !ALLOWED.some((allowed) => allowed.test(file)))
      .map((file) => `${file} would be published, but no user needs it`),
    ...required.filter((file) => !files.includes(file))
      .map((file) => `${file} would be missing from the package`),
  ];
}
