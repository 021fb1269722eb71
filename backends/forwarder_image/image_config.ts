import {
  FORWARDER_PORT,
  FORWARDER_SOCKET,
} from "../egress/forwarder_contract.ts";

/** Where the forwarder's program is in its image. */
export const FORWARDER_PROGRAM = "/zu/forwarder.js";

/** The label that tells what an image was made of. */
export const FORWARDER_LABEL = "zu.forwarder";

/**
 * How the forwarder is started: Deno may listen on the one port, and connect to the
 * one socket, for which it wants all three permissions. Nothing is fetched.
 */
const ENTRYPOINT: readonly string[] = [
  "/bin/deno",
  "run",
  "--quiet",
  "--no-prompt",
  "--no-config",
  "--no-lock",
  "--no-remote",
  "--no-npm",
  "--no-code-cache",
  "--cached-only",
  `--allow-net=127.0.0.1:${FORWARDER_PORT},unix:${FORWARDER_SOCKET}`,
  `--allow-read=${FORWARDER_SOCKET}`,
  `--allow-write=${FORWARDER_SOCKET}`,
  FORWARDER_PROGRAM,
];

/**
 * What is said of the image, as instructions of a Dockerfile. The user has no name
 * and owns nothing; and the loader looks for libraries where the image has them,
 * whichever its own folders are.
 *
 * @param digest What the image was made of.
 */
export function forwarderConfig(digest: string): string[] {
  return [
    "ENV DENO_DIR=/tmp/deno DENO_NO_UPDATE_CHECK=1 NO_COLOR=1 " +
    "LD_LIBRARY_PATH=/lib",
    "USER 65533:65533",
    "WORKDIR /",
    `LABEL ${FORWARDER_LABEL}=${digest}`,
    `ENTRYPOINT ${JSON.stringify(ENTRYPOINT)}`,
  ];
}
