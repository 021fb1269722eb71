import { output } from "./commands.ts";

const BUSYBOX = "/bin/busybox";
const PASSWD = "root:x:0:0::/root:/bin/sh\n";

/**
 * Makes the root folder that attackers work in: busybox with all its applets, and
 * Deno with its libraries. The sandbox has it as an image, the control by chroot,
 * so that the same commands meet the same programs.
 */
export async function makeClientRoot(root: string): Promise<void> {
  for (const folder of ["bin", "etc", "root", "proc", "dev", "zu"]) {
    await Deno.mkdir(`${root}/${folder}`, { recursive: true });
  }
  await Deno.mkdir(`${root}/tmp`);
  await Deno.chmod(`${root}/tmp`, 0o1777);
  await Deno.chmod(root, 0o755);
  await Deno.copyFile(BUSYBOX, `${root}/bin/busybox`);
  const applets = (await output(BUSYBOX, ["--list"])).trim().split("\n");
  for (const name of applets.filter((name) => name !== "busybox")) {
    await Deno.symlink("busybox", `${root}/bin/${name}`);
  }
  await Deno.writeTextFile(`${root}/etc/passwd`, PASSWD);
  await Deno.writeTextFile(`${root}/etc/group`, "root:x:0:\n");
  const deno = await Deno.realPath(Deno.execPath());
  await Deno.copyFile(deno, `${root}/bin/deno`);
  await Deno.chmod(`${root}/bin/deno`, 0o755);
  const libraries = await output("ldd", [deno]);
  for (const [, path = ""] of libraries.matchAll(/(?:=> )?(\/\S+) \(/g)) {
    const target = `${root}${path}`;
    await Deno.mkdir(target.slice(0, target.lastIndexOf("/")), {
      recursive: true,
    });
    await Deno.copyFile(await Deno.realPath(path), target);
  }
}
