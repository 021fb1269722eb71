import {
  AT,
  FLIP_SUFFIX,
  INSIDE,
  INSIDE6,
  INSIDE_SUFFIX,
  WILD_SUFFIX,
  ZONE,
} from "../plan.ts";
import type { Arrival } from "../witness.ts";
import { ByteInput, writeAll } from "./byte_input.ts";
import { readQuestion, TYPES, writeAnswer } from "./dns_message.ts";

/** The resolver of the world, which tells what it is asked. */
export class DnsServer {
  readonly #where: string;
  readonly #log: (arrival: Arrival) => void;
  readonly #looks = new Map<string, number>();

  constructor(where: string, log: (arrival: Arrival) => void) {
    this.#where = where;
    this.#log = log;
  }

  /** Answers a message; undefined if it asks nothing. */
  answer(message: Uint8Array, peer: string): Uint8Array | undefined {
    const question = readQuestion(message);
    const where = this.#where;
    if (question === undefined) {
      this.#log({ where, kind: "datagram", peer, text: "no question" });
      return undefined;
    }
    const name = question.name.toLowerCase();
    this.#log({ where, kind: "query", peer, text: name });
    return writeAnswer(
      message,
      question,
      this.#addressesOf(name, question.type),
    );
  }

  /** Answers messages on a stream, each of which has its length before it. */
  async serve(conn: Deno.Conn, peer: string): Promise<void> {
    const input = new ByteInput(conn);
    for (;;) {
      while (input.held.length < 2) if (!await input.more()) return;
      const [high = 0, low = 0] = input.take(2);
      const length = high * 256 + low;
      while (input.held.length < length) if (!await input.more()) return;
      const answer = this.answer(input.take(length).slice(), peer);
      if (answer === undefined) return;
      const size = [answer.length >> 8, answer.length & 0xff];
      if (!await writeAll(conn, new Uint8Array([...size, ...answer]))) return;
    }
  }

  #addressesOf(name: string, type: number): readonly string[] | undefined {
    if (name.endsWith(WILD_SUFFIX)) return [AT.allowed];
    if (name.endsWith(INSIDE_SUFFIX)) {
      const [label = ""] = name.split(".");
      return INSIDE[label] ?? INSIDE6[label];
    }
    if (name.endsWith(FLIP_SUFFIX)) {
      if (type !== TYPES.A) return [];
      const looks = (this.#looks.get(name) ?? 0) + 1;
      this.#looks.set(name, looks);
      return [looks % 2 === 1 ? AT.allowed : "127.0.0.1"];
    }
    return ZONE[name];
  }
}
