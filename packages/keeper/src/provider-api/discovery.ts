import { z } from "zod";
import type { ClientAuthentication, ResolvedEndpoints } from "../ports/provider.ts";
import { exchangeJson, isSafeForTokens, type Wire } from "./json-exchange.ts";
import { parseJson } from "./json-members.ts";

const LONGEST_METADATA = 64 * 1024;

// RFC 8414 §2; OpenID Connect Discovery §3 uses the same names.
const METADATA = z.object({
  issuer: z.string(),
  authorization_endpoint: z.string().refine(isSafeForTokens),
  token_endpoint: z.string().refine(isSafeForTokens),
  revocation_endpoint: z.string().refine(isSafeForTokens).nullish(),
  token_endpoint_auth_methods_supported: z.array(z.string()).nullish(),
  // RFC 9207 §3.
  authorization_response_iss_parameter_supported: z.boolean().nullish(),
});

/**
 * Finds a provider's endpoints by its issuer, RFC 8414 §3 first, then OpenID Connect Discovery §4. Null where neither gives a
 * document whose issuer is exactly the one asked for (RFC 8414 §3.3) and whose endpoints are fit for secrets.
 * `apiOrigins` is empty: metadata does not tell where an API is.
 */
export async function discoverEndpoints(wire: Wire, issuer: string): Promise<ResolvedEndpoints | null> {
  for (const url of metadataAddresses(issuer)) {
    const ending = await exchangeJson(wire, { method: "GET", url, headers: {}, longestBody: LONGEST_METADATA });
    const found = ending.kind === "answered" && ending.status === 200 ? readMetadata(ending.text, issuer) : null;
    if (found !== null) return found;
  }
  return null;
}

/** Where an issuer's metadata may lie, the most standard place first. Empty for what cannot be an issuer. */
export function metadataAddresses(issuer: string): readonly string[] {
  const url = URL.canParse(issuer) ? new URL(issuer) : null;
  if (url === null || !isSafeForTokens(issuer) || url.search !== "" || url.hash !== "") return [];
  const path = url.pathname.replace(/\/$/, "");
  return [
    `${url.origin}/.well-known/oauth-authorization-server${path}`,
    `${url.origin}${path}/.well-known/openid-configuration`,
  ];
}

function readMetadata(text: string, issuer: string): ResolvedEndpoints | null {
  const metadata = METADATA.safeParse(parseJson(text));
  if (!metadata.success || metadata.data.issuer !== issuer) return null;
  const { authorization_endpoint, token_endpoint, revocation_endpoint } = metadata.data;
  return {
    issuer,
    authorization: authorization_endpoint,
    token: token_endpoint,
    revocation: revocation_endpoint ?? null,
    apiOrigins: [],
    ...clientAuthenticationOf(metadata.data.token_endpoint_auth_methods_supported),
    ...(metadata.data.authorization_response_iss_parameter_supported === true ? { issuerInAnswer: true } : {}),
  };
}

// Without the list, a server takes HTTP Basic (RFC 8414 §2).
function clientAuthenticationOf(methods: readonly string[] | null | undefined): {
  readonly clientAuthentication?: ClientAuthentication;
} {
  const known = (["client_secret_basic", "client_secret_post"] as const).find((method) => methods?.includes(method));
  return known === undefined ? {} : { clientAuthentication: known };
}
