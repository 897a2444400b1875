import { NAME_PATTERN } from "@evergrant/contract";

/** The addresses of this deployment, all built from the configured public URL and never from a request. */
export interface Site {
  readonly publicUrl: string;
}

/** The issuer of one connection: also its resource indicator (RFC 8707). */
export function issuerOf(site: Site, connection: string): string {
  return `${site.publicUrl}/connections/${connection}`;
}

/** The connection that an absolute resource indicator names, character for character; null for anything else. */
export function connectionOfIssuer(site: Site, resource: string): string | null {
  const prefix = issuerOf(site, "");
  const name = resource.startsWith(prefix) ? resource.slice(prefix.length) : "";
  return NAME_PATTERN.test(name) ? name : null;
}
