import { AUTHENTICATION_METHODS, type IssuerMetadata, NAME_PATTERN } from "@evergrant/contract";
import { EvergrantError } from "@evergrant/core";
import { ASSERTION_ALGORITHMS } from "@evergrant/keeper";
import type { FastifyInstance } from "fastify";
import { type Handler, serve } from "../http/serve.ts";
import { issuerOf, type Site } from "../http/site.ts";

/**
 * Metadata of each connection's issuer, and of the shared token endpoint's, under both well-known forms (RFC 8414 §3.1, §5; OpenID Connect Discovery §4).
 * Every name that could be a connection's gets its document, whether or not there is one: the document follows from the
 * name and the public URL alone, so it tells nobody which connections exist.
 */
export async function issuerMetadata(app: FastifyInstance, face: { readonly site: Site }): Promise<void> {
  const describe: Handler = async (request, reply) => {
    const { name = "" } = request.params as { readonly name?: string };
    if (!NAME_PATTERN.test(name)) throw new EvergrantError("route_unknown");
    const issuer = issuerOf(face.site, name);
    return reply.type("application/json").send(JSON.stringify(metadataOf(issuer, [`connection:${name}`])));
  };
  const describeShared: Handler = async (_request, reply) =>
    reply.type("application/json").send(JSON.stringify(metadataOf(face.site.publicUrl, [])));
  for (const url of ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"])
    serve(app, { url, handlers: { GET: describeShared } });
  for (const url of [
    "/.well-known/oauth-authorization-server/connections/:name",
    "/connections/:name/.well-known/oauth-authorization-server",
    "/connections/:name/.well-known/openid-configuration",
  ])
    serve(app, { url, handlers: { GET: describe } });
}

function metadataOf(issuer: string, scopes: readonly string[]): IssuerMetadata {
  return {
    issuer,
    token_endpoint: `${issuer}/oauth2/token`,
    grant_types_supported: ["client_credentials"],
    token_endpoint_auth_methods_supported: AUTHENTICATION_METHODS,
    token_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
    response_types_supported: [],
    scopes_supported: scopes,
  };
}
