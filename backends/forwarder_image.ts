/**
 * Makes the image of the forwarder, which sandboxes with scoped egress need: as a
 * function, {@linkcode makeForwarderImage}, and as a program, on a host with the
 * engine:
 *
 *     deno run -A …/backends/forwarder_image.ts
 *
 * With `--help` it says what else it can do, such as writing the image's files to
 * an archive for a registry's Dockerfile.
 *
 * @module
 */
import { runForwarderScript } from "./forwarder_image/script.ts";

export type { DialOptions, DockerClient } from "./docker_client.ts";
export {
  type ForwarderImage,
  type ForwarderImageOptions,
  makeForwarderImage,
} from "./forwarder_image/make_image.ts";

if (import.meta.main) Deno.exit(await runForwarderScript(Deno.args));
