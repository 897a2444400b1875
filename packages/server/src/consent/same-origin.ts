import type { IncomingHttpHeaders } from "node:http";

/**
 * Whether a form was sent from a page of ours. Fails closed: a browser that says nothing about where a form comes from is refused.
 * Pages with `Referrer-Policy: no-referrer` send `Origin: null` with their forms, so `Sec-Fetch-Site`, which no page can set, decides first.
 */
export function isSameOrigin(headers: IncomingHttpHeaders, publicUrl: string): boolean {
  const site = headers["sec-fetch-site"];
  const { origin } = headers;
  if (site === undefined) return origin === publicUrl;
  return site === "same-origin" && (origin === undefined || origin === "null" || origin === publicUrl);
}
