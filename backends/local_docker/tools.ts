import { renderDomArgv, type ToolArgv } from "../tool_argv.ts";
import type { Observation, ToolCall } from "../tool_call.ts";
import { checkArgv } from "./program_options.ts";

/** The program of a tool call, or what the model gets to see in its place. */
export type CallArgv =
  | { readonly argv: readonly string[]; readonly problem?: undefined }
  | { readonly argv?: undefined; readonly problem: Observation };

/** Tools by their names: `render_dom`, and those that were given. */
export class Tools {
  readonly #tools: ReadonlyMap<string, ToolArgv>;

  /** @throws {TypeError} If a tool is no function. */
  constructor(given: Readonly<Record<string, ToolArgv>>) {
    const tools = new Map<string, ToolArgv>([["render_dom", renderDomArgv]]);
    for (const [name, tool] of Object.entries(given)) {
      if (typeof tool !== "function") {
        throw new TypeError(
          `tools: "${name}" is no function that makes an argv`,
        );
      }
      tools.set(name, tool);
    }
    this.#tools = tools;
  }

  /** Makes a program and its arguments out of a call, which may be anything. */
  argvOf({ name, args }: ToolCall): CallArgv {
    const tool = this.#tools.get(name);
    if (tool === undefined) {
      const names = [...this.#tools.keys()].sort().join(", ");
      return refused(404, `there is no tool "${name}", there are ${names}`);
    }
    if (typeof args !== "object" || args === null || Array.isArray(args)) {
      return refused(400, `${name}: its arguments are no object`);
    }
    try {
      return { argv: checkArgv(tool(args)) };
    } catch (error) {
      const found = error instanceof Error ? error.message : String(error);
      return refused(400, `${name}: ${found}`);
    }
  }
}

function refused(status: number, error: string): CallArgv {
  return { problem: { status, error } };
}
