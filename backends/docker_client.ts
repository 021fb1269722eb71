/** What a Docker client's modem is asked to do; the names are dockerode's. */
export interface DialOptions {
  /** The method, such as `GET`. */
  readonly method: string;
  /** The path; one with a query ends in `?`, and the query is in `options`. */
  readonly path: string;
  /** The query of a GET; `_query` and `_body` of a POST. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** Ends the request. */
  readonly abortSignal?: AbortSignal;
  /** Whether the answer is a stream, and no JSON. */
  readonly isStream?: boolean;
  /** Whether the connection is taken over, as raw bytes both ways. */
  readonly hijack?: boolean;
  /** A body that is no JSON. */
  readonly file?: Uint8Array;
  /** Which statuses are no errors. */
  readonly statusCodes: Readonly<Record<number, true | string>>;
}

/**
 * What is needed of a Docker client. A dockerode instance is one, and so is a
 * small object in a test.
 */
export interface DockerClient {
  /** Sends requests to the Engine API. */
  readonly modem: {
    /**
     * Sends a request.
     *
     * @param options The request.
     * @param callback Is given an error, or what was answered: a value, or a
     * stream of Node's.
     */
    dial(
      options: DialOptions,
      callback: (error: unknown, data: unknown) => void,
    ): void;
  };
}
