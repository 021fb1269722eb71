// Scoped egress on the real engine: the forwarder's image, and a host to reach.
import { makeForwarderImage } from "../../backends/forwarder_image.ts";
import type { EgressOptions, LaunchSpec } from "../../backends/mod.ts";
import { TestBackend } from "./_engine.ts";
import { IMAGES } from "./_images.ts";

let making: Promise<string> | undefined;

/** The forwarder's image, made of this Deno when it is first asked for. */
export async function forwarderImage(): Promise<string> {
  making ??= makeForwarderImage({
    image: IMAGES.forwarder,
    replace: true,
  }).then(({ image }) => image);
  return await making;
}

/** A web server of the host, which sandboxes know as `host.example`. */
export class Host implements AsyncDisposable {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  /** What it was asked for. */
  readonly asked: string[] = [];

  constructor() {
    const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
    this.#server = Deno.serve(options, ({ url }) => {
      this.asked.push(new URL(url).pathname);
      return new Response("it is here\n");
    });
  }

  /** What a policy allows, for it to be reached. */
  get allow(): string {
    return `host.example:${this.#server.addr.port}`;
  }

  /** A shell command that asks it for something, once. */
  wget(path = "/"): string {
    return `wget -q -O - http://${this.allow}${path} 2>&1`;
  }

  /** A spec whose sandbox can reach it, and nothing else. */
  get spec(): LaunchSpec {
    return {
      image: IMAGES.busybox,
      network: { egress: { allow: [this.allow] } },
    };
  }

  /** A backend whose sandboxes find it. */
  async backend(egress: EgressOptions = {}): Promise<TestBackend> {
    return new TestBackend({
      egress: {
        forwarderImage: await forwarderImage(),
        treatAsPublic: ["127.0.0.1/32"],
        resolve: () => Promise.resolve(["127.0.0.1"]),
        ...egress,
      },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}
