import { EvergrantError } from "@evergrant/core";

/** Whether a host name or address can only be reached from this machine. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, "").toLowerCase();
  return bare === "localhost" || bare.endsWith(".localhost") || bare === "::1" || /^127(\.\d{1,3}){3}$/.test(bare);
}

/**
 * The origin under which browsers and callers reach this deployment, without a trailing slash. Issuers are built from it alone.
 * @throws plain_http_refused · input_invalid
 */
export function parsePublicUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:"))
    throw new EvergrantError("input_invalid", { detail: "the public URL must be an http or https URL" });
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "" || url.username !== "" || url.password !== "")
    throw new EvergrantError("input_invalid", {
      detail: "the public URL must be an origin: no path, query or credentials",
    });
  if (url.protocol === "http:" && !isLoopback(url.hostname)) throw new EvergrantError("plain_http_refused");
  return url.origin;
}

/** The host of a `Host` header, without its port; null where there is none that can be read. */
export function hostName(header: string | undefined): string | null {
  if (header === undefined || !URL.canParse(`http://${header}`)) return null;
  const url = new URL(`http://${header}`);
  return url.pathname === "/" && url.username === "" && url.search === "" ? url.hostname : null;
}

/** Whether a `Host` header names this machine, by another of its names than `url` does. */
export function isOtherLoopbackName(header: string | undefined, url: string): boolean {
  const asked = hostName(header);
  const ours = new URL(url).hostname;
  return asked !== null && asked !== ours && isLoopback(asked) && isLoopback(ours);
}
