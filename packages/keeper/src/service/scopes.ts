import type { App } from "./app-directory.ts";

/**
 * Which of an app's scopes an answer lacks. An answer without `scope` gave what was asked for (RFC 6749 §5.1); one whose scopes
 * cannot be held against those asked for proves nothing.
 */
export function missingScopes(app: Pick<App, "stored" | "provider">, granted: string | null): readonly string[] {
  if (!granted || app.provider.scopeAnswer === "not-comparable") return [];
  const has = new Set(granted.split(/[ ,]+/));
  return consentScopes(app).filter((scope) => !has.has(scope));
}

/** The scopes that a person is asked for: the one that an app has on its own behalf is none of them. */
export function consentScopes({ stored, provider }: Pick<App, "stored" | "provider">): readonly string[] {
  const own = provider.tenants.kind === "list" ? provider.tenants.wholeAppScope : null;
  return own === null ? stored.scopes : stored.scopes.filter((scope) => scope !== own);
}

/** The scope with which an app lists all its connections; null where its registration here does not have it, or it has no secret. */
export function wholeAppScope({ stored, provider }: Pick<App, "stored" | "provider">): string | null {
  const own = provider.tenants.kind === "list" ? provider.tenants.wholeAppScope : null;
  return own !== null && stored.clientSecrets.length > 0 && stored.scopes.includes(own) ? own : null;
}
