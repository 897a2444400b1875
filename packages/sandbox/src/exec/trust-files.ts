import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import type { Environment } from "./program-environment.ts";

export interface TrustFiles {
  readonly bundleFile: string;
  readonly authorityFile: string;
}

/** Writes the authority down, alone for Node and among those that are trusted anyway for programs that take one file. */
export function writeTrustFiles(folder: string, authority: string, own: Environment): TrustFiles {
  const authorityFile = join(folder, "authority.pem");
  const bundleFile = join(folder, "authorities.pem");
  const extra = readIfThere(own["NODE_EXTRA_CA_CERTS"]);
  const others = readIfThere(own["SSL_CERT_FILE"]) || `${rootCertificates.join("\n")}\n`;
  writeFileSync(authorityFile, `${authority}${extra}`);
  writeFileSync(bundleFile, `${authority}${extra}${others}`);
  return { bundleFile, authorityFile };
}

function readIfThere(file: string | undefined): string {
  try {
    return file === undefined || file === "" ? "" : `${readFileSync(file, "utf8").trimEnd()}\n`;
  } catch {
    return "";
  }
}
