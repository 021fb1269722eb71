import { forwardedResponse } from "./forwarded_head.ts";
import { type BodyFraming, responseBody } from "./message_body.ts";
import type { OpenAttempt } from "./open_attempt.ts";
import { passBody, WriteFault } from "./pass_bytes.ts";
import { readHead } from "./read_head.ts";
import { Refused } from "./refused.ts";
import { MalformedMessage } from "./request_head.ts";
import { parseResponseHead } from "./response_head.ts";
import type { Wire } from "./wire.ts";

/** More interim answers than that are no answer. */
const INTERIMS_MAX = 16;
const SWITCHING_PROTOCOLS = 101;

/** A plain HTTP request that is to be passed on. */
export interface PlainRequest {
  readonly method: string;
  /** The head as the host is to get it. */
  readonly head: Uint8Array;
  readonly body: BodyFraming;
  /** How long the response's head may be. */
  readonly headerBytesMax: number;
}

/**
 * Passes one request on, and its response back.
 *
 * @returns Whether the whole request was read: a host may answer before that.
 * @throws {Refused} `unreachable`, if what the host says is no response.
 * @throws {MalformedMessage} If the request's body is none.
 */
export async function exchange(
  client: Wire,
  host: Wire,
  attempt: OpenAttempt,
  request: PlainRequest,
): Promise<boolean> {
  const { head, body } = request;
  let isRead = false;
  if (!attempt.countOut(head.length)) return isRead;
  const sending = (async () => {
    await host.write(head);
    await passBody(client, host, body, (bytes) => attempt.countOut(bytes));
    isRead = true;
  })().catch((error) => {
    // A host may answer before it has read everything, and read no more.
    if (!(error instanceof WriteFault)) throw error;
  });
  const receiving = receive(client, host, attempt, request);
  receiving.catch(() => {});
  await Promise.race([sending.then(() => receiving), receiving]);
  return isRead;
}

async function receive(
  client: Wire,
  host: Wire,
  attempt: OpenAttempt,
  { method, headerBytesMax }: PlainRequest,
): Promise<void> {
  for (let interims = 0; interims <= INTERIMS_MAX; interims++) {
    const bytes = await readHead(host, headerBytesMax).catch((error) => {
      attempt.countIn(host.buffered.length);
      return noAnswer(error);
    });
    if (!attempt.countIn(bytes?.length ?? host.buffered.length)) return;
    if (bytes === undefined) throw noAnswer("it closed the connection");
    const { head, body, isInterim } = readResponse(bytes, method);
    await client.write(head);
    if (isInterim) continue;
    const count = (bytes: number) => attempt.countIn(bytes);
    return await passBody(host, client, body, count).catch((error) => {
      throw error instanceof MalformedMessage ? noAnswer(error) : error;
    });
  }
  throw noAnswer("it does not come to an answer");
}

function readResponse(bytes: Uint8Array, method: string) {
  try {
    const response = parseResponseHead(bytes);
    const { status } = response;
    if (status === SWITCHING_PROTOCOLS) {
      throw new Error("it switches protocols, which nobody asked for");
    }
    return {
      head: forwardedResponse(response),
      body: responseBody(response, method),
      isInterim: status < 200,
    };
  } catch (error) {
    throw noAnswer(error);
  }
}

function noAnswer(cause: unknown): never {
  const found = cause instanceof Error ? cause.message : String(cause);
  throw new Refused("unreachable", `The host's answer is none: ${found}`, {
    cause,
  });
}
