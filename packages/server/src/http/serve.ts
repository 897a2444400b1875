import { EvergrantError } from "@evergrant/core";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

const METHODS = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"] as const;
type Method = Exclude<(typeof METHODS)[number], "HEAD" | "OPTIONS">;

export type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;

export interface Resource {
  readonly url: string;
  readonly bodyLimit?: number;
  /** `HEAD` runs what `GET` runs: leave it out where a `GET` does something. */
  readonly head?: boolean;
  readonly handlers: { readonly [method in Method]?: Handler };
}

/** Serves one address: its methods, and 405 with `Allow` for all others, before their body is read (RFC 9110 §15.5.6). */
export function serve(app: FastifyInstance, resource: Resource): void {
  const served = (Object.keys(resource.handlers) as Method[]).sort();
  const head = served.includes("GET") && resource.head !== false;
  for (const method of served) {
    const handler = resource.handlers[method];
    if (handler === undefined) continue;
    const bodyLimit = resource.bodyLimit === undefined ? {} : { bodyLimit: resource.bodyLimit };
    app.route({ method, url: resource.url, exposeHeadRoute: method === "GET" && head, ...bodyLimit, handler });
  }
  const allowed: readonly string[] = head ? [...served, "HEAD"] : served;
  const refused = METHODS.filter((method) => !allowed.includes(method));
  const refuse = async (_request: FastifyRequest, reply: FastifyReply): Promise<never> => {
    reply.header("allow", allowed.join(", "));
    throw new EvergrantError("method_not_allowed");
  };
  app.route({ method: refused, url: resource.url, onRequest: refuse, handler: refuse });
}
