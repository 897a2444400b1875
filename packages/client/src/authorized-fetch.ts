import type { AccessToken, AccessTokenAsk, ClientRequestInit } from "./client.ts";
import { clientError } from "./errors.ts";

export interface AuthorizedFetchParts {
  readonly fetch: typeof fetch;
  readonly apiOrigins: ReadonlySet<string>;
  readonly tenantHeader: string | null;
  readonly accessToken: (ask: AccessTokenAsk) => Promise<AccessToken>;
}

/** `fetch` with a token of a connection put in. See `Client.fetch`. */
export async function authorizedFetch(
  parts: AuthorizedFetchParts,
  input: string | URL | Request,
  init: ClientRequestInit = {},
): Promise<Response> {
  const { connection, tenant, ...ownInit } = init;
  const request = input instanceof Request ? input : null;
  const origin = originOf(request?.url ?? String(input));
  if (origin === null || !parts.apiOrigins.has(origin)) throw clientError("origin_not_allowed", origin ?? "no URL");
  const signal = ownInit.signal ?? request?.signal;
  const ask = { ...(connection === undefined ? {} : { connection }), ...(signal ? { signal } : {}) };
  const send = (token: AccessToken) =>
    parts.fetch(input, {
      // A redirect would carry the token to wherever the answer says.
      redirect: "manual",
      ...ownInit,
      headers: headersFor(parts, { token, tenant, given: new Headers(ownInit.headers ?? request?.headers) }),
    });
  const first = await parts.accessToken(ask);
  const answer = await send(first);
  if (answer.status !== 401 || !canBeSentAgain(request, ownInit.body) || lacksScope(answer)) return answer;
  const second = await parts.accessToken({ ...ask, refused: first.accessToken }).catch(() => first);
  if (second.accessToken.reveal() === first.accessToken.reveal()) return answer;
  await answer.body?.cancel();
  return await send(second);
}

function originOf(url: string): string | null {
  return URL.canParse(url) ? new URL(url).origin : null;
}

function headersFor(
  parts: AuthorizedFetchParts,
  { token, tenant, given }: { token: AccessToken; tenant: string | undefined; given: Headers },
): Headers {
  given.set("authorization", `Bearer ${token.accessToken.reveal()}`);
  const { tenantHeader } = parts;
  if (tenantHeader !== null && !(tenant === undefined && given.has(tenantHeader)))
    given.set(tenantHeader, tenantIdOf(token, tenant));
  else if (tenantHeader === null && tenant !== undefined)
    throw clientError("client_misconfigured", "a tenant was named, and the option tenantHeader is missing");
  return given;
}

function tenantIdOf({ tenants }: AccessToken, named: string | undefined): string {
  const [only, ...others] = tenants;
  if (named === undefined) {
    if (only === undefined || others.length > 0)
      throw clientError("client_tenant_missing", tenants.map(({ name }) => name).join(", ") || "it reaches none");
    return only.id;
  }
  const byId = tenants.filter(({ id }) => id === named);
  const [found, ...more] = byId.length > 0 ? byId : tenants.filter(({ name }) => name === named);
  if (found === undefined || more.length > 0) throw clientError("tenant_unknown", named);
  return found.id;
}

// A body that was read from a stream is gone; anything else is still there.
function canBeSentAgain(request: Request | null, body: unknown): boolean {
  if (body === undefined || body === null) return (request?.body ?? null) === null;
  const isStream = typeof body === "object" && (body instanceof ReadableStream || Symbol.asyncIterator in body);
  return !isStream;
}

// Another token of the same consent would lack it too (RFC 6750 §3.1). Xero's own spelling has a letter less.
function lacksScope(answer: Response): boolean {
  return /insuffici?ent_scope/i.test(answer.headers.get("www-authenticate") ?? "");
}
