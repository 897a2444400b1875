import { APP_LEVEL_SCOPES, type App, isConsentScope } from "../engine/index.ts";
import { SandboxError } from "../errors.ts";

/** Xero's rule: absolute, https or http on `localhost`, no wildcard, no fragment. Throws `invalid_redirect_uri`. */
export function checkRedirectUris(uris: readonly string[]): readonly string[] {
  const refused = uris.find((uri) => !isRedirectUri(uri));
  if (refused === undefined) return uris;
  throw new SandboxError(
    "invalid_redirect_uri",
    `"${refused}" cannot be a redirect URI: it must be absolute, https (http only on localhost), without wildcard or fragment.`,
  );
}

function isRedirectUri(uri: string): boolean {
  const url = URL.parse(uri);
  if (url === null || uri.includes("*") || uri.includes("#") || url.username !== "" || url.password !== "")
    return false;
  return url.protocol === "https:" || (url.protocol === "http:" && url.hostname === "localhost");
}

/** Throws `unknown_scope` unless a person could consent to each, or an app with a secret could ask for it on its own behalf. */
export function checkScopes<S extends readonly string[] | null>(scopes: S, kind: App["kind"]): S {
  const known = (scope: string) => isConsentScope(scope) || (kind === "web" && APP_LEVEL_SCOPES.includes(scope));
  const unknown = scopes?.find((scope) => !known(scope));
  if (unknown !== undefined) throw new SandboxError("unknown_scope", `There is no scope "${unknown}".`);
  return scopes;
}
