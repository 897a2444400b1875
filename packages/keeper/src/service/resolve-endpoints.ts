import type { AppOrigins } from "../ports/app-store.ts";
import type { Provider, ResolvedEndpoints } from "../ports/provider.ts";

/**
 * Where an app's requests go: the provider's endpoints, at the origins an operator put in their place if any. Only origins are
 * replaced, paths stay. `needs-discovery` where the provider's endpoints have to be asked for first.
 */
export function resolveEndpoints(
  provider: Pick<Provider, "endpoints" | "apiOrigins">,
  origins: AppOrigins | null,
): ResolvedEndpoints | "needs-discovery" {
  if (provider.endpoints.kind === "discovered") return "needs-discovery";
  const { issuer, authorization, token, revocation } = provider.endpoints;
  if (origins === null) return { issuer, authorization, token, revocation, apiOrigins: provider.apiOrigins };
  return {
    issuer: origins.identity,
    authorization: withOrigin(authorization, origins.login),
    token: withOrigin(token, origins.identity),
    revocation: revocation === null ? null : withOrigin(revocation, origins.identity),
    apiOrigins: [origins.api],
  };
}

function withOrigin(address: string, origin: string): string {
  const { pathname, search } = new URL(address);
  return `${new URL(origin).origin}${pathname}${search}`;
}
