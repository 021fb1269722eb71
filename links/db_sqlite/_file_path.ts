/**
 * The path of a file that a URL names.
 *
 * @throws {TypeError} If the URL names something else.
 */
export function filePath(url: URL): string {
  if (url.protocol !== "file:") {
    throw new TypeError(
      `Cannot open ${url} as a database: only a file: URL names a file`,
    );
  }
  // A percent sign that begins no escape stands for itself.
  const path = decodeURIComponent(
    url.pathname.replaceAll(/%(?![0-9A-Fa-f]{2})/g, "%25"),
  );
  if (Deno.build.os !== "windows") return path;
  const windowsPath = path.replaceAll("/", "\\");
  return url.hostname
    ? `\\\\${url.hostname}${windowsPath}`
    : windowsPath.replace(/^\\([A-Za-z]:)/, "$1");
}
