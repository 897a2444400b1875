import type { App } from "./app-directory.ts";

/**
 * Which of an app's scopes an answer lacks. An answer without `scope` gave what was asked for (RFC 6749 §5.1); one whose scopes
 * cannot be held against those asked for proves nothing.
 */
export function missingScopes(app: Pick<App, "stored" | "provider">, granted: string | null): readonly string[] {
  if (!granted || app.provider.scopeAnswer === "not-comparable") return [];
  const has = new Set(granted.split(/[ ,]+/));
  return app.stored.scopes.filter((scope) => !has.has(scope));
}
