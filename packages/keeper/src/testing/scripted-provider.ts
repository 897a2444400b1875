import { type Ending, Secret } from "@evergrant/core";
import type { MovableTime } from "../../../../tests/kit/movable-time.ts";
import type { ProbeAnswer, ProviderApi, Tenant } from "../ports/provider-api.ts";
import type { TokenEndpoint, TokenRequest } from "../ports/token-endpoint.ts";

const MINUTE_MS = 60_000;

export const TENANT = {
  id: "t-demo",
  name: "Demo Company (NZ)",
  connectionId: "c-1",
  consentEventId: "ev-1",
  updatedAtMs: null,
};

/** A provider with single-use refresh tokens and a grace of 30 minutes; what it does next can be scripted. */
export class ScriptedProvider implements TokenEndpoint, ProviderApi {
  readonly #time: MovableTime;
  readonly #firstUsedAtMs = new Map<string, number>();
  readonly #issuedAtMs = new Map<string, number>();
  readonly known = new Set<string>();
  readonly requests: TokenRequest[] = [];
  readonly revoked: string[] = [];
  connected = true;
  tenantName = TENANT.name;
  /** What the person connected to the same app besides. */
  others: (typeof TENANT)[] = [];
  lists = 0;
  /** What a token of the app's own lists; an OAuth error where the app is given none. */
  appLinks: readonly Tenant[] | { readonly error: string } | "api-refuses" = { error: "invalid_scope" };
  appLists = 0;
  probes = 0;
  probeAnswer: (token: string) => ProbeAnswer = () => apiAnswer(200);
  /** Null: an answer does not say it, and gives what was asked for. */
  scope: string | null = null;
  #issued = 0;
  /** The ends of the next requests: after the provider has done its work (or `instead`). */
  script: ({ kind: "lose" } | { kind: "instead"; ending: Ending })[] = [];

  constructor(time: MovableTime) {
    this.#time = time;
  }

  async send(request: TokenRequest, sent: () => void): Promise<Ending> {
    this.requests.push(request);
    sent();
    const scripted = this.script.shift();
    if (scripted?.kind === "instead") return scripted.ending;
    const ending = this.#execute(request);
    return scripted?.kind === "lose" ? { kind: "broken", bytesSent: true, reason: "ECONNRESET" } : ending;
  }

  /** When it gave this access token out: on a clock that nobody sets. */
  issuedAtMs(accessToken: Secret): number {
    return this.#issuedAtMs.get(accessToken.reveal()) ?? Number.NEGATIVE_INFINITY;
  }

  async revoke(request: { token: Secret }): Promise<"done"> {
    this.revoked.push(request.token.reveal());
    return "done";
  }

  async tenants() {
    this.lists += 1;
    const own = this.connected ? [{ ...TENANT, name: this.tenantName }] : [];
    return { kind: "listed", tenants: [...own, ...this.others] } as const;
  }

  async links() {
    this.appLists += 1;
    if (!Array.isArray(this.appLinks))
      return { kind: "refused", status: 401, detail: "AuthorizationUnsuccessful" } as const;
    return { kind: "listed", tenants: this.appLinks as readonly Tenant[] } as const;
  }

  async probe(_provider: unknown, _endpoints: unknown, accessToken: Secret): Promise<ProbeAnswer> {
    this.probes += 1;
    return this.probeAnswer(accessToken.reveal());
  }

  async deleteConnection(): Promise<"gone"> {
    this.connected = false;
    return "gone";
  }

  async subject() {
    return null;
  }

  async discover() {
    return null;
  }

  #appToken(): Ending {
    if (typeof this.appLinks === "object" && "error" in this.appLinks) return json(400, this.appLinks);
    return json(200, { access_token: "app-canary", expires_in: 1800, token_type: "Bearer", scope: "app.connections" });
  }

  #execute({ grant }: TokenRequest): Ending {
    if (grant.kind === "refresh_token") {
      const token = grant.refreshToken.reveal();
      const nowMs = this.#time.monotonicMs();
      const firstUsedAtMs = this.#firstUsedAtMs.get(token) ?? nowMs;
      if (!this.known.has(token) || nowMs - firstUsedAtMs > 30 * MINUTE_MS)
        return json(400, { error: "invalid_grant" });
      this.#firstUsedAtMs.set(token, firstUsedAtMs);
    }
    if (grant.kind === "client_credentials" && grant.scope === "app.connections") return this.#appToken();
    this.#issued += 1;
    const claims = Buffer.from(JSON.stringify({ xero_userid: "jane", authentication_event_id: "ev-1" })).toString(
      "base64url",
    );
    const refresh = `refresh-canary-${this.#issued}`;
    this.known.add(refresh);
    const accessToken = `head.${claims}.${this.#issued}`;
    this.#issuedAtMs.set(accessToken, this.#time.monotonicMs());
    return json(200, {
      access_token: accessToken,
      refresh_token: refresh,
      expires_in: 1800,
      token_type: "Bearer",
      ...(this.scope === null ? {} : { scope: this.scope }),
    });
  }
}

export function json(status: number, body: unknown): Ending {
  return { kind: "answered", status, body: new Secret(JSON.stringify(body)), retryAfterMs: null, serverDateMs: null };
}

export function apiAnswer(status: number, more: { said?: string; challenge?: string } = {}): ProbeAnswer {
  return { kind: "answered", status, challenge: more.challenge ?? null, said: more.said ?? "" };
}
