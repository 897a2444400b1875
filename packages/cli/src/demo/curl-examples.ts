/** What a caller needs to get a token. */
export interface CallerFacts {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly tokenEndpoint: string;
}

/** A client-credentials request (RFC 6749 §4.4.2) to paste into a shell. */
export function tokenExample({ clientId, clientSecret, tokenEndpoint }: CallerFacts): readonly string[] {
  return [`curl -s -u ${clientId}:${clientSecret} \\`, `  -d grant_type=client_credentials ${tokenEndpoint}`];
}

/** Lines to paste into a shell: a token, its tenant, and one call to the API with both. Needs curl and sed alone. */
export function callExample(
  caller: CallerFacts,
  call: { readonly url: string; readonly tenantHeader: string | null },
): readonly string[] {
  const [first = "", last = ""] = tokenExample(caller);
  const member = (name: string, before: string) =>
    `${name}=$(echo "$ANSWER" | sed 's/.*${before}"\\([^"]*\\)".*/\\1/')`;
  const tenant = call.tenantHeader === null ? [] : [`  -H "${call.tenantHeader}: $TENANT" \\`];
  return [
    `ANSWER=$(${first}`,
    `${last})`,
    member("TOKEN", '"access_token":'),
    ...(call.tenantHeader === null ? [] : [member("TENANT", '"tenants":\\[{"id":')]),
    `curl -s -H "Authorization: Bearer $TOKEN" \\`,
    ...tenant,
    `  -H "Accept: application/json" ${call.url}`,
  ];
}
