import { EvergrantError } from "@evergrant/core";
import type { FastifyRequest } from "fastify";
import { hostName, isLoopback } from "../http/public-url.ts";

/** Refuses host names that are neither this machine's nor configured: a foreign page whose name was rebound to this address stays outside. */
export function requireKnownHost(knownHosts: () => readonly string[]) {
  return async (request: FastifyRequest): Promise<void> => {
    const host = hostName(request.headers.host);
    if (host !== null && (isLoopback(host) || knownHosts().includes(host))) return;
    throw new EvergrantError("host_refused", {
      detail: "the admin API answers only under a loopback or configured host name",
    });
  };
}
