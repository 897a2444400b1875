import { EvergrantError } from "@evergrant/core";
import { isLoopbackHost } from "./loopback.ts";

/**
 * The public URL as an origin, checked before anything is opened; null where it follows from the port.
 * @throws public_url_required · plain_http_refused · input_invalid
 */
export function checkPublicUrl(host: string, publicUrl: string | undefined): string | null {
  if (publicUrl === undefined) {
    if (!isLoopbackHost(host)) throw new EvergrantError("public_url_required");
    return null;
  }
  const url = URL.canParse(publicUrl) ? new URL(publicUrl) : null;
  if (url === null || !["http:", "https:"].includes(url.protocol))
    throw new EvergrantError("input_invalid", { detail: "--public-url must be an http or https URL" });
  if (`${url.origin}/` !== url.href)
    throw new EvergrantError("input_invalid", {
      detail: "--public-url must be an origin: no path, query or credentials",
    });
  if (url.protocol === "http:" && !isLoopbackHost(url.hostname)) throw new EvergrantError("plain_http_refused");
  return url.origin;
}
