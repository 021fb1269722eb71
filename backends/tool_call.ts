/** What a model asks to have done in a sandbox. */
export interface ToolCall {
  /** The tool's name. */
  readonly name: string;
  /** Its arguments, as JSON. */
  readonly args: Readonly<Record<string, unknown>>;
}

/** What came of a tool call, as the model gets to see it: JSON. */
export interface Observation {
  /** 200 and the like where it worked, else what stands for the failure. */
  readonly status: number;
  /** What went wrong, if anything did. */
  readonly error?: string;
  /** What the tool says beside. */
  readonly [field: string]: unknown;
}
