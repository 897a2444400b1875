import type { Secret } from "@evergrant/core";

/**
 * The claims of a JWT that the provider gave us over TLS just now, unverified: OpenID Connect Core §3.1.3.7 lets a client
 * rely on TLS for a token that came straight from the token endpoint. An empty object for anything that is not a JWT.
 */
export function jwtClaims(token: Secret | null): Readonly<Record<string, unknown>> {
  const payload = token?.reveal().split(".")[1];
  if (payload === undefined) return {};
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, "base64url").toString("utf8"));
    return typeof claims === "object" && claims !== null && !Array.isArray(claims)
      ? (claims as Record<string, unknown>)
      : {};
  } catch {
    return {};
  }
}

/**
 * Whether an ID token belongs to this run and app (OpenID Connect Core §3.1.3.7; ASVS 5.0 V10.5.1, V10.5.4). `foreign`: it says that it
 * does not. `silent`: it does not say, so what it names is not believed. `nonce` is null where none was sent.
 */
export function judgeIdToken(
  token: Secret | null,
  expected: { readonly nonce: string | null; readonly clientId: string },
): "ours" | "silent" | "foreign" {
  if (token === null) return "silent";
  const { nonce, aud } = jwtClaims(token);
  const audience: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  if (aud !== undefined && !audience.includes(expected.clientId)) return "foreign";
  if (expected.nonce !== null && nonce !== undefined && nonce !== expected.nonce) return "foreign";
  const isSaid = aud !== undefined && (expected.nonce === null || nonce !== undefined);
  return isSaid ? "ours" : "silent";
}

/** A claim as text fit for storing and showing, or null. */
export function textClaim(claims: Readonly<Record<string, unknown>>, name: string): string | null {
  const value = claims[name];
  return typeof value === "string" && value.length > 0 && value.length <= 256 ? value : null;
}
