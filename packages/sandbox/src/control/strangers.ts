import type { FastifyRequest } from "fastify";
import { SandboxError } from "../errors.ts";

/**
 * Throws `loopback_only` and `foreign_origin`. A web page in the operator's browser also comes from this machine; what it cannot
 * forge is the Host that its name leads to, and the Origin and Fetch metadata that its browser adds.
 */
export function refuseStrangers(request: FastifyRequest): void {
  const host = (request.headers.host ?? "").toLowerCase().replace(/:\d+$/, "");
  const fromHere = /^(?:127\.\d+\.\d+\.\d+|::1|::ffff:127\.\d+\.\d+\.\d+)$/.test(request.socket.remoteAddress ?? "");
  if (!fromHere || !/^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(host))
    throw new SandboxError(
      "loopback_only",
      "The control API answers only on this machine: use http://localhost and the sandbox's port.",
    );
  if (isForeign(request))
    throw new SandboxError(
      "foreign_origin",
      "A page of another origin asked. Open the sandbox's own page, or call the control API from a program.",
    );
}

/** Throws `foreign_origin` unless a browser says that one of our own pages sent the form. */
export function requireOwnPage(request: FastifyRequest): void {
  const { origin } = request.headers;
  if (request.headers["sec-fetch-site"] === "same-origin" || (origin !== undefined && isOwn(origin, request))) return;
  throw new SandboxError(
    "foreign_origin",
    "That form did not come from the sandbox's own page. Programs use the control API.",
  );
}

// A link may lead here from anywhere: to look changes nothing, and who sent the person cannot read it.
function isForeign(request: FastifyRequest): boolean {
  const { origin, "sec-fetch-site": site, "sec-fetch-mode": mode } = request.headers;
  if (origin !== undefined && !isOwn(origin, request)) return true;
  if (site === undefined || site === "same-origin" || site === "none") return false;
  return !(request.method === "GET" && mode === "navigate");
}

const isOwn = (origin: string, request: FastifyRequest): boolean =>
  URL.parse(origin)?.host === (request.headers.host ?? "").toLowerCase();
