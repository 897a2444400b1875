import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SandboxError } from "../errors.ts";
import { createCertificates, type SandboxCertificates } from "./certificates.ts";

/** The certificates of a folder, made there if it has none, so that whoever trusts `ca.pem` goes on trusting it. Throws `certificates_unusable`. */
export function keptCertificates(folder: string): SandboxCertificates {
  try {
    mkdirSync(folder, { recursive: true });
    return readAll(folder) ?? writeAll(folder, createCertificates());
  } catch (cause) {
    throw new SandboxError(
      "certificates_unusable",
      `The certificates in ${folder} cannot be read or written. Name another folder with --tls-folder.`,
      { cause },
    );
  }
}

const FILES = { ca: "ca.pem", cert: "cert.pem", key: "key.pem" } as const;

function readAll(folder: string): SandboxCertificates | null {
  try {
    const read = (name: string) => readFileSync(join(folder, name), "utf8");
    return { ca: read(FILES.ca), cert: read(FILES.cert), key: read(FILES.key) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

function writeAll(folder: string, certificates: SandboxCertificates): SandboxCertificates {
  writeFileSync(join(folder, FILES.ca), certificates.ca);
  writeFileSync(join(folder, FILES.cert), certificates.cert);
  writeFileSync(join(folder, FILES.key), certificates.key, { mode: 0o600 });
  return certificates;
}
