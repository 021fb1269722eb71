// The commands and programs of docs/postgres.md, run as they stand there, on a server
// of the test's own.
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { environment, program } from "./_programs.ts";
import { PostgresServer } from "./_server.ts";

const GUIDE = new URL("../../docs/postgres.md", import.meta.url);
const CONFIG = fileURLToPath(new URL("../../deno.json", import.meta.url));

/** A block of the guide: commands for a shell, or a program with its name. */
interface Block {
  readonly heading: string;
  readonly kind: "sh" | "ts";
  readonly code: string;
}

async function readBlocks(): Promise<Block[]> {
  const text = await Deno.readTextFile(GUIDE);
  const sections = text.split(/^## /m).slice(1);
  return sections.flatMap((section) => {
    const heading = section.slice(0, section.indexOf("\n"));
    const blocks = section.matchAll(/^```(sh|ts) ?(?:ignore)?\n(.*?)^```$/gms);
    return Array.from(blocks, ([, kind, code]) => ({
      heading,
      kind: kind as Block["kind"],
      code: code!,
    }));
  });
}

/** The guide in use: a server, a folder, and the addresses in the environment. */
export class Guide implements AsyncDisposable {
  /** The server. */
  readonly server: PostgresServer;
  /** Where its commands are run, and its programs are. */
  readonly folder: string;
  readonly #env: Record<string, string>;
  #left: Block[];

  private constructor(
    server: PostgresServer,
    folder: string,
    env: Record<string, string>,
    blocks: Block[],
  ) {
    this.server = server;
    this.folder = folder;
    this.#env = env;
    this.#left = blocks;
  }

  /** Starts a server, on which nothing of the guide has been done. */
  static async start(): Promise<Guide> {
    const server = await PostgresServer.start();
    const folder = await Deno.makeTempDir({ prefix: "zu_guide_" });
    const bin = `${folder}/bin`;
    await Deno.mkdir(bin);
    // Programs outside of the checkout have its packages by its config alone.
    await Deno.writeTextFile(
      `${bin}/deno`,
      '#!/bin/sh\ncommand=$1\nshift\nexec "$GUIDE_DENO" "$command" ' +
        '--no-prompt --check --frozen "--config=$GUIDE_CONFIG" "$@"\n',
      { mode: 0o755 },
    );
    const { env } = environment();
    for (const name of ["HOME", "DENO_DIR"]) {
      const value = Deno.env.get(name);
      if (value !== undefined) env[name] = value;
    }
    return new Guide(server, folder, {
      ...env,
      NO_COLOR: "1",
      PATH: `${bin}:${dirname(await program("psql"))}:${env.PATH}`,
      GUIDE_DENO: Deno.execPath(),
      GUIDE_CONFIG: CONFIG,
      ADMIN: server.url(),
      OWNER: addressOf(server, "log_owner"),
      APPENDER: addressOf(server, "log_appender"),
      READER: addressOf(server, "log_reader"),
    }, await readBlocks());
  }

  /** The address of a role, and of a database. */
  address(role: string, database?: string): string {
    return addressOf(this.server, role, database);
  }

  /**
   * Runs the next blocks of a section: a program is written to its file, a command
   * is run.
   *
   * @param count How many; all that are left of it, if not told.
   * @returns What the commands printed.
   */
  async next(heading: string, count = Infinity): Promise<string> {
    let said = "";
    const blocks = this.#left.filter((block) => block.heading === heading)
      .slice(0, count);
    if (blocks.length === 0) throw new Error(`Nothing is left of: ${heading}`);
    for (const block of blocks) {
      this.#left = this.#left.filter((other) => other !== block);
      if (block.kind === "sh") said += await this.shell(block.code);
      else {
        const name = /^\/\/ (\w+\.ts)$/m.exec(block.code)![1]!;
        await Deno.writeTextFile(`${this.folder}/${name}`, block.code);
      }
    }
    return said;
  }

  /** Which blocks have not been run yet, by their sections. */
  get left(): string[] {
    return this.#left.map(({ heading }) => heading);
  }

  /** Runs a command where the guide's are run. */
  async shell(command: string): Promise<string> {
    const { success, stdout, stderr } = await new Deno.Command("bash", {
      args: ["-euo", "pipefail", "-c", command],
      cwd: this.folder,
      clearEnv: true,
      env: this.#env,
      stdin: "null",
    }).output();
    const decoder = new TextDecoder();
    if (success) return decoder.decode(stdout);
    throw new Error(`${command}\n${decoder.decode(stderr)}`);
  }

  /** Ends the server, and removes the folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    await Deno.remove(this.folder, { recursive: true });
  }
}

function addressOf(
  server: PostgresServer,
  role: string,
  database = "agents",
): string {
  return server.url(database).replace("//postgres@", `//${role}@`);
}
