/** The port of loopback that a forwarder listens on. */
export const FORWARDER_PORT = 3128;

/** Where the socket of the host's proxy is mounted, in the forwarder alone. */
export const FORWARDER_SOCKET = "/zu/egress.sock";

/** The name that the forwarder's image is made and looked for under. */
export const FORWARDER_IMAGE = "localhost/zu-egress-forwarder:1";

/** How many connections a forwarder passes on at once, unless it is told. */
export const FORWARDER_CONNECTIONS_MAX = 1024;
