/** Which of the wanted scopes an answer lacks. An answer without `scope` gave what was asked for (RFC 6749 §5.1). */
export function missingScopes(wanted: readonly string[], granted: string | null): readonly string[] {
  if (granted === null) return [];
  const has = new Set(granted.split(" "));
  return wanted.filter((scope) => !has.has(scope));
}
