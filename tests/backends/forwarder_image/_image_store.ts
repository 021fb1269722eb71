// An engine that does nothing but keep images, as a client of it.
import { Buffer } from "node:buffer";
import { Readable } from "node:stream";
import type {
  DialOptions,
  DockerClient,
} from "../../../backends/forwarder_image.ts";

/** An image that it has. */
export interface StoredImage {
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
  /** What it was made of; undefined for one that was there from the start. */
  readonly tar?: Uint8Array<ArrayBuffer>;
  readonly changes?: readonly string[];
}

/** An engine's images. */
export class ImageStore implements DockerClient {
  /** By their names. */
  readonly names = new Map<string, StoredImage>();
  /** By their ids. */
  readonly images = new Map<string, StoredImage>();
  /** What was asked of it. */
  readonly calls: string[] = [];
  /** What it says it runs on. */
  version = {
    Os: "linux",
    Arch: Deno.build.arch === "x86_64" ? "amd64" : "arm64",
  };
  /** Is called with each piece of an import. */
  onPiece: (bytes: Uint8Array) => void = () => {};
  /** What it answers an import with, in place of doing it. */
  importAnswer: string | undefined;
  /** Containers use these. */
  readonly used = new Set<string>();
  #made = 0;

  readonly modem = {
    dial: (
      options: DialOptions,
      callback: (error: unknown, data: unknown) => void,
    ): void => {
      this.#answer(options).then(
        (text) => callback(null, Readable.from([Buffer.from(text)])),
        (error) => callback(error, null),
      );
    },
  };

  /** Puts an image in. */
  add(name: string, labels: Record<string, string> = {}): string {
    return this.#put(name, { labels });
  }

  #put(name: string, parts: Omit<StoredImage, "id">): string {
    const id = `sha256:${String(++this.#made).padStart(64, "0")}`;
    const image = { id, ...parts };
    this.images.set(id, image);
    this.names.set(name, image);
    return id;
  }

  async #answer(options: DialOptions): Promise<string> {
    const { method, path } = options;
    const [place = "", query] = path.split("?");
    this.calls.push(`${method} ${place}`);
    if (place === "/version") return JSON.stringify(this.version);
    if (place === "/images/create") {
      return await this.#import(options, new URLSearchParams(query));
    }
    const name = place.slice("/images/".length).replace(/\/json$/, "");
    const image = this.names.get(name) ?? this.images.get(name);
    if (image === undefined) throw refusal(404, "no such image");
    if (method === "GET") return this.#inspect(image);
    if (this.used.has(image.id)) throw refusal(409, "it is in use");
    this.images.delete(image.id);
    return "[]";
  }

  #inspect(image: StoredImage): string {
    const names = [...this.names].filter(([, other]) => other === image);
    return JSON.stringify({
      Id: image.id,
      RepoTags: names.map(([name]) => name),
      Config: { Labels: image.labels },
    });
  }

  async #import(
    { file, abortSignal }: DialOptions,
    query: URLSearchParams,
  ): Promise<string> {
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    const body = file as unknown as Readable;
    for await (const piece of body) {
      this.onPiece(piece);
      pieces.push(new Uint8Array(piece));
      abortSignal?.throwIfAborted();
    }
    if (this.importAnswer !== undefined) return this.importAnswer;
    const changes = query.getAll("changes");
    const label = changes.map((line) => /^LABEL (\S+?)=(\S+)$/.exec(line))
      .find((match) => match !== null);
    const id = this.#put(query.get("repo")!, {
      labels: label ? { [label[1]!]: label[2]! } : {},
      tar: await new Blob(pieces).bytes(),
      changes,
    });
    return `${JSON.stringify({ status: id })}\n`;
  }
}

function refusal(statusCode: number, message: string): Error {
  return Object.assign(new Error(message), { statusCode });
}
