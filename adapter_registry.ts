import { RegistryError } from "./registry_error.ts";

/** Options as a config file has them; each factory checks its own. */
export type AdapterOptions = Readonly<Record<string, unknown>>;

/** What opens an adapter. */
export interface AdapterFactory<Port> {
  /** The major version of the port that the adapter was written for. */
  readonly port: number;
  /**
   * Opens an adapter.
   *
   * @param options Its options.
   * @returns The open adapter.
   */
  open(options: AdapterOptions): Port | Promise<Port>;
}

/** Options of {@linkcode AdapterRegistry.open}. */
export interface OpenAdapterOptions {
  /**
   * What a relative module specifier is relative to: a folder's or a file's URL,
   * such as that of the config file that names the adapter.
   * @default {the current working folder}
   */
  readonly base?: string | URL;
}

/** What a registry is for. */
export interface RegistrySettings {
  /** What it is called in messages. */
  readonly name: string;
  /** The major version of the port. */
  readonly port: number;
  /** The export of a module that is the factory, where `default` is none. */
  readonly exportName: string;
}

/** What begins like a path or a URL. */
const SPECIFIER = /^(?:\.{0,2}\/|[a-z][a-z0-9+.-]*:)/i;

/**
 * Adapters of one port by name.
 *
 * A name that looks like a module specifier (`jsr:…`, `npm:…`, `https:…`,
 * `file:…`, `./my_sink.ts`, `/opt/sink.ts`) is imported, and its default export
 * is the factory, or else its export named `sink` or `backend`. Importing runs
 * the module's code, so take names from those you trust alone. It needs what an
 * `import()` needs: read permission for a file, import permission for a host.
 *
 * @example An adapter from an object
 * ```ts
 * import { EVENT_SINK_PORT, MemorySink, sinks } from "@zu/backends";
 * import { assertEquals } from "@std/assert";
 *
 * sinks.register("scratch", {
 *   port: EVENT_SINK_PORT,
 *   open: () => new MemorySink({ eventsMax: 10_000 }),
 * });
 * await using sink = await sinks.open("scratch");
 * assertEquals(await sink.count(), 0);
 * ```
 */
export class AdapterRegistry<Port> {
  readonly #settings: RegistrySettings;
  readonly #factories = new Map<string, AdapterFactory<Port>>();

  /**
   * Makes a registry without adapters.
   *
   * @param settings What it is for.
   */
  constructor(settings: RegistrySettings) {
    this.#settings = settings;
  }

  /** The registered names, in alphabetical order. */
  names(): string[] {
    return [...this.#factories.keys()].sort();
  }

  /**
   * Registers an adapter.
   *
   * @param name Its name, which must not look like a module specifier.
   * @param factory What opens it.
   * @throws {RegistryError} `duplicate_adapter`, `port_mismatch`, or
   * `not_an_adapter` for what is no factory.
   * @throws {TypeError} If the name is empty or looks like a module specifier.
   */
  register(name: string, factory: AdapterFactory<Port>): void {
    const { name: registry } = this.#settings;
    if (name === "" || SPECIFIER.test(name)) {
      throw new TypeError(
        `${registry}: cannot register "${name}", which is empty or looks like a ` +
          "module specifier. Such a name is imported when it is opened",
      );
    }
    if (this.#factories.has(name)) {
      throw new RegistryError(
        "duplicate_adapter",
        `${registry}: cannot register "${name}", since there is an adapter of ` +
          "that name. Register under another one",
      );
    }
    this.#factories.set(name, this.#checked(factory, `"${name}"`));
  }

  /**
   * Opens an adapter.
   *
   * @param name A registered name, or a module specifier.
   * @param options The adapter's own options.
   * @param from What a relative specifier is relative to.
   * @returns The open adapter, which is the caller's to close.
   * @throws {RegistryError} `unknown_adapter`, naming those there are;
   * `import_failed`, `not_an_adapter` or `port_mismatch` for a module.
   * @throws What the adapter throws.
   */
  async open(
    name: string,
    options: AdapterOptions = {},
    from: OpenAdapterOptions = {},
  ): Promise<Port> {
    const factory = SPECIFIER.test(name)
      ? await this.#import(name, from.base)
      : this.#factories.get(name) ?? this.#unknown(name);
    return await factory.open(options);
  }

  async #import(
    specifier: string,
    base: string | URL | undefined,
  ): Promise<AdapterFactory<Port>> {
    const { name: registry, exportName } = this.#settings;
    let module: Record<string, unknown>;
    try {
      // Anything but a path stands for itself.
      const isPath = /^\.{0,2}\//.test(specifier);
      module = await import(
        isPath ? new URL(specifier, base ?? workingFolder()).href : specifier
      );
    } catch (cause) {
      const found = cause instanceof Error ? cause.message : String(cause);
      throw new RegistryError(
        "import_failed",
        `${registry}: cannot import "${specifier}": ${found}. Check the name, ` +
          "and the permissions for reading and importing",
        { cause },
      );
    }
    const factory = isFactory(module.default)
      ? module.default
      : module[exportName];
    return this.#checked(factory, `"${specifier}"`);
  }

  #checked(factory: unknown, named: string): AdapterFactory<Port> {
    const { name: registry, port, exportName } = this.#settings;
    if (!isFactory(factory)) {
      throw new RegistryError(
        "not_an_adapter",
        `${registry}: ${named} is no adapter. A factory is an object with ` +
          `{ port: ${port}, open(options) }; a module exports one as "default" ` +
          `or "${exportName}"`,
      );
    }
    if (factory.port !== port) {
      throw new RegistryError(
        "port_mismatch",
        `${registry}: ${named} was written for version ${factory.port} of the ` +
          `port, and this package has version ${port}. Take a release of the ` +
          "adapter for that version",
      );
    }
    return factory as AdapterFactory<Port>;
  }

  #unknown(name: string): never {
    const names = this.names();
    const nearest = names.find((known) => distance(known, name) <= 2);
    const found = names.length === 0
      ? "none is registered yet"
      : `there are ${names.join(", ")}`;
    const hint = nearest === undefined ? "" : `. Did you mean "${nearest}"?`;
    throw new RegistryError(
      "unknown_adapter",
      `${this.#settings.name}: there is no adapter "${name}"; ${found}${hint}`,
    );
  }
}

function isFactory(value: unknown): value is AdapterFactory<unknown> {
  if (typeof value !== "object" || value === null) return false;
  const { port, open } = value as Partial<AdapterFactory<unknown>>;
  return typeof port === "number" && typeof open === "function";
}

/** The working folder's URL. A path may hold what means something in a URL. */
function workingFolder(): string {
  const path = Deno.cwd().replaceAll("\\", "/").split("/")
    .map(encodeURIComponent).join("/").replaceAll("%3A", ":");
  return `file://${path.startsWith("/") ? "" : "/"}${path}/`;
}

/** How many letters differ: the Levenshtein distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
