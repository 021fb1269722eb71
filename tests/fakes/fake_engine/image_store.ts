import { EngineError } from "./engine_error.ts";

/** What an image says about how it is run. */
export interface FakeImage {
  /** Its id, `sha256:` and 64 digits; made from its name when left out. */
  readonly id?: string;
  /** Its user; root when left out. */
  readonly user?: string;
  /** Its environment, as `NAME=value`. */
  readonly env?: readonly string[];
  /** What its command is given to. */
  readonly entrypoint?: readonly string[];
  /** What runs where nothing else is asked for. */
  readonly cmd?: readonly string[];
  /** Where that runs. */
  readonly workdir?: string;
  /** Its labels. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Its names by digest, `name@sha256:…`. */
  readonly digests?: readonly string[];
}

/** An image of a registry. */
export interface RegistryImage extends FakeImage {
  /** What the last line of its pull says in place of its being there. */
  readonly pullError?: string;
}

/** An image that the engine has. */
export interface StoredImage extends FakeImage {
  /** Its id. */
  readonly id: string;
  /** Its name, as it was given. */
  readonly name: string;
}

/** The images that the engine has, and those that it can get. */
export class ImageStore {
  readonly #present = new Map<string, StoredImage>();
  readonly #registry = new Map<string, RegistryImage>();

  /**
   * Fills the store.
   *
   * @param present What is there from the start.
   * @param registry What can be pulled.
   */
  constructor(
    present: Readonly<Record<string, FakeImage>>,
    registry: Readonly<Record<string, RegistryImage>>,
  ) {
    for (const [name, image] of Object.entries(present)) this.add(name, image);
    for (const [name, image] of Object.entries(registry)) {
      this.#registry.set(fullName(name), image);
    }
  }

  /** Puts an image there. */
  add(name: string, image: FakeImage): StoredImage {
    const id = image.id ?? `sha256:${digits(fullName(name))}`;
    const stored = { ...image, id, name };
    this.#present.set(fullName(name), stored);
    return stored;
  }

  /** Takes an image away. */
  remove(name: string): void {
    this.#present.delete(fullName(name));
  }

  /** The image of a name, a digest or an id; undefined if it is not there. */
  find(name: string): StoredImage | undefined {
    const byName = this.#present.get(fullName(name));
    if (byName !== undefined) return byName;
    const id = name.startsWith("sha256:") ? name : `sha256:${name}`;
    return [...this.#present.values()].find((image) =>
      image.digests?.some((digest) => fullName(digest) === fullName(name)) ||
      (/^[0-9a-f]{4,64}$/.test(id.slice(7)) && image.id.startsWith(id))
    );
  }

  /**
   * The image that a pull would get.
   *
   * @throws {EngineError} If no registry has it, as 20.10 answers.
   */
  remote(name: string): RegistryImage {
    const image = this.#registry.get(fullName(name));
    if (image !== undefined) return image;
    throw new EngineError(
      404,
      `manifest for ${name} not found: manifest unknown: manifest unknown`,
    );
  }
}

/** A name with everything that it may leave out, so that equals are equal. */
export function fullName(name: string): string {
  const slash = name.indexOf("/");
  const host = name.slice(0, Math.max(slash, 0));
  const isHost = /[.:]/.test(host) || host === "localhost";
  const path = isHost ? name.slice(slash + 1) : name;
  const registry = isHost ? host : "docker.io";
  const library = registry === "docker.io" && !path.includes("/");
  const tag = path.includes("@") || path.includes(":") ? "" : ":latest";
  return `${registry}/${library ? "library/" : ""}${path}${tag}`;
}

/** 64 hexadecimal digits that are the same each time (FNV-1a, eight times). */
function digits(text: string): string {
  let all = "";
  for (let seed = 0; seed < 8; seed++) {
    let hash = 0x811c9dc5 ^ seed;
    for (const unit of text) {
      hash = Math.imul(hash ^ unit.codePointAt(0)!, 0x01000193) >>> 0;
    }
    all += hash.toString(16).padStart(8, "0");
  }
  return all;
}
