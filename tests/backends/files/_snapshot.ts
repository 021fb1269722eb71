/** What is in a folder: of files the text, of links the target, by path. */
export async function snapshot(
  folder: string,
  prefix = "",
): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const { name, isDirectory, isSymlink } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isSymlink) found[prefix + name] = `-> ${await Deno.readLink(path)}`;
    else if (isDirectory) {
      found[`${prefix}${name}/`] = "";
      Object.assign(found, await snapshot(path, `${prefix}${name}/`));
    } else found[prefix + name] = await Deno.readTextFile(path);
  }
  return found;
}
