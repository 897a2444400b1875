import { EvergrantError } from "@evergrant/core";
import type { FastifyRequest } from "fastify";

/** Where a call through the gateway wants to go, in the very characters that came. */
export interface CallTarget {
  readonly connection: string;
  readonly path: string;
  /** Without its question mark; empty where there is none. */
  readonly query: string;
}

const TARGET = /^\/gateway\/([a-z0-9][a-z0-9-]{0,62})(\/[^?]*)(?:\?(.*))?$/;

/**
 * Reads the request target itself, not what a router made of it: what is judged has to be what is sent.
 * @throws route_unknown · api_path_refused
 */
export function callTarget(request: FastifyRequest): CallTarget {
  const raw = request.raw.url ?? "";
  // Absolute-form names another host, a fragment has no place in a request, and other characters are read in many ways.
  if (!raw.startsWith("/") || !/^[\x21-\x7e]*$/.test(raw) || /[#\\]/.test(raw))
    throw new EvergrantError("api_path_refused");
  const [, connection, path, query = ""] = TARGET.exec(raw) ?? [];
  if (connection === undefined || path === undefined) throw new EvergrantError("route_unknown");
  return { connection, path, query };
}

/** Fields of which a second one would change what the request is. */
const SINGLE = new Set([
  "host",
  "content-length",
  "transfer-encoding",
  "content-type",
  "content-encoding",
  "authorization",
  "idempotency-key",
  "expect",
]);

/**
 * Refuses framing that two servers could read differently (RFC 9112 §6.3, §11.2): a length given twice or beside chunks, any coding
 * but chunked, and single fields that come twice.
 * @throws api_request_refused
 */
export function refuseAmbiguity(request: FastifyRequest): void {
  const seen = new Set<string>();
  const { rawHeaders, headers } = request.raw;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? "").toLowerCase();
    if (SINGLE.has(name) && seen.has(name))
      throw new EvergrantError("api_request_refused", { detail: `${name} twice` });
    seen.add(name);
  }
  const coding = headers["transfer-encoding"];
  if (coding !== undefined && (coding.toLowerCase() !== "chunked" || headers["content-length"] !== undefined))
    throw new EvergrantError("api_request_refused", { detail: "transfer-encoding" });
}
