import { NAMES } from "./plan.ts";
import { output } from "./commands.ts";

/** Paths of what the world's servers prove themselves with. */
export interface Certificates {
  /** Of the authority that clients trust. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** Makes an authority, and one certificate for every name of the world. */
export async function makeCertificates(folder: string): Promise<Certificates> {
  const [ca, caKey] = [`${folder}/ca.pem`, `${folder}/ca.key`];
  const [cert, key] = [`${folder}/server.pem`, `${folder}/server.key`];
  const [asked, extensions] = [`${folder}/server.csr`, `${folder}/server.ext`];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
  const openssl = (...args: string[]) => output("openssl", args);
  await Deno.writeTextFile(
    extensions,
    `subjectAltName=${Object.values(NAMES).map((name) => `DNS:${name}`)}\n`,
  );
  await openssl(
    "req",
    "-x509",
    "-nodes",
    ...curve,
    "-days",
    "2",
    "-subj",
    "/CN=egress check",
    "-keyout",
    caKey,
    "-out",
    ca,
  );
  await openssl(
    "req",
    "-nodes",
    ...curve,
    "-subj",
    "/CN=world",
    "-keyout",
    key,
    "-out",
    asked,
  );
  await openssl(
    "x509",
    "-req",
    "-in",
    asked,
    "-CA",
    ca,
    "-CAkey",
    caKey,
    "-CAcreateserial",
    "-days",
    "2",
    "-extfile",
    extensions,
    "-out",
    cert,
  );
  return { ca, cert, key };
}
