import type { Secret } from "@evergrant/core";
import type { Tenant, TenantsAnswer, TokenRequest } from "@evergrant/keeper/parts";
import {
  type App,
  accepts,
  askRefresh,
  authenticateApp,
  checkAccess,
  consent,
  createEngine,
  createLedger,
  type Engine,
  endConnections,
  grantKey,
  listConnections,
  type Mint,
  membershipKey,
  patchSwitches,
  redeemCode,
  refresh,
  revokeGrant,
  revokePresented,
  type Switches,
  type TokenSet,
  type Turn,
} from "@evergrant/sandbox/engine";
import type { IssuedTokens } from "./history.ts";

export const CLIENT_ID = "sim-app";
export const FIRST_SECRET = "canary-client-secret-1";
export const SCOPES = ["openid", "accounting.settings", "offline_access"] as const;
/** In every secret that the provider gives out, so that one that leaks can be seen. */
export const CANARY = "canary";

/** What a request brought: the HTTP answer, and what the ledger says happened. */
export interface Execution {
  readonly status: number;
  readonly body: string;
  readonly decision: string;
  readonly issued: IssuedTokens | null;
}

/** The provider: the sandbox's engine without HTTP, with opaque tokens, at the true time. */
export class Provider {
  readonly engine: Engine;
  readonly #now: () => number;
  readonly #claims = new Map<string, string>();

  constructor(now: () => number, switches: Partial<Switches>) {
    this.#now = now;
    const ledger = createLedger([], () => undefined);
    this.engine = createEngine({ ledger, mint: canaryMint(), dialect: "xero" });
    this.engine.run(now(), ({ draft, mint, nowMs }) => {
      patchSwitches(draft, switches);
      draft.put("apps", CLIENT_ID, {
        kind: "web",
        clientId: CLIENT_ID,
        name: "Simulated",
        scopes: null,
        createdAtMs: nowMs,
        secrets: [{ id: "secret-1", hash: mint.hash(FIRST_SECRET) }],
        redirectUris: [],
      });
    });
  }

  addPerson(id: string): void {
    this.engine.run(this.#now(), ({ draft, nowMs }) => {
      draft.put("users", id, {
        id,
        xeroUserId: id,
        email: `${id}@example.test`,
        givenName: id,
        familyName: "Person",
        passwordHash: "#",
      });
      draft.put("organisations", `org-${id}`, {
        id: `org-${id}`,
        name: `Organisation of ${id}`,
        legalName: `Organisation of ${id}`,
        shortCode: "!sim",
        countryCode: "NZ",
        baseCurrency: "NZD",
        timezone: "UTC",
        isDemoCompany: false,
        createdAtMs: nowMs,
      });
      draft.put("memberships", membershipKey(id, `org-${id}`), {
        userId: id,
        organisationId: `org-${id}`,
        role: "Adviser",
      });
    });
  }

  /** One request to the token endpoint, carried out now. */
  execute({ clientId, clientSecret, grant }: TokenRequest, verifierChallenge: string | null): Execution {
    return this.engine.run(this.#now(), (turn) => {
      const app = authenticateApp(turn, [{ clientId, secret: clientSecret?.reveal() ?? null }]);
      if (app === null) return refusal("invalid_client", "invalid-client");
      switch (grant.kind) {
        case "refresh_token": {
          const { decision, tokens } = refresh(turn, { clientId, refreshToken: grant.refreshToken.reveal() });
          return tokens === null || !accepts[decision.kind]
            ? refusal("invalid_grant", decision.kind)
            : this.#granted(turn, tokens, decision.kind);
        }
        case "authorization_code": {
          const { code, redirectUri } = grant;
          const outcome = redeemCode(turn, { app, code: code.reveal(), redirectUri, verifierChallenge });
          return outcome.kind === "issued"
            ? this.#granted(turn, outcome.tokens, "code")
            : refusal("invalid_grant", outcome.kind);
        }
        case "client_credentials":
          return refusal("unauthorized_client", "grant-not-allowed");
      }
    });
  }

  /** A person's refresh token that another system got for the same app. */
  heldElsewhere(person: string): string {
    const redirectUri = "https://elsewhere.example/callback";
    const code = this.consents(person, redirectUri, null);
    const { tokens } = this.engine.run(this.#now(), (turn) => {
      const outcome = redeemCode(turn, { app: this.#app(turn), code, redirectUri, verifierChallenge: null });
      if (outcome.kind !== "issued") throw new Error(`no token for another system: ${outcome.kind}`);
      return outcome;
    });
    return tokens.refresh?.token ?? "";
  }

  /** A person logs in and says yes: the code of the callback. */
  consents(person: string, redirectUri: string, challenge: string | null): string {
    return this.engine.run(this.#now(), (turn) => {
      const outcome = consent(turn, {
        app: this.#app(turn),
        login: {
          hash: "#login",
          userId: person,
          sessionId: `session-${person}`,
          authTimeMs: turn.nowMs,
          expiresAtMs: Number.MAX_SAFE_INTEGER,
        },
        redirectUri,
        scopes: SCOPES,
        challenge,
        nonce: null,
        organisationIds: [`org-${person}`],
      });
      if (outcome.kind !== "code") throw new Error(`the person may not consent: ${outcome.reason}`);
      return outcome.code;
    });
  }

  tenants(accessToken: Secret): TenantsAnswer {
    return this.engine.run(this.#now(), (turn) => {
      const checked = checkAccess(turn, accessIdOf(accessToken.reveal()));
      if (checked.kind !== "ok") return { kind: "refused", status: 401, detail: checked.kind };
      const listed = listConnections(turn, checked.access, null);
      const connections = typeof listed === "string" ? [] : listed;
      const tenants: Tenant[] = connections.map((connection) => ({
        id: connection.tenantId,
        name: turn.draft.get("organisations", connection.tenantId)?.name ?? connection.tenantId,
        connectionId: connection.id,
        consentEventId: connection.authEventId,
        updatedAtMs: connection.updatedAtMs,
      }));
      return { kind: "listed", tenants };
    });
  }

  /** A call of the API with this token, as a caller makes it. */
  call(accessToken: string): "ok" | "refused" {
    return this.engine.run(this.#now(), (turn) =>
      checkAccess(turn, accessIdOf(accessToken)).kind === "ok" ? "ok" : "refused",
    );
  }

  revokeByClient(clientId: string, token: string): void {
    this.engine.run(this.#now(), (turn) => revokePresented(turn, { clientId, token, accessTokenId: null }));
  }

  revokeByPerson(person: string): void {
    this.engine.run(this.#now(), (turn) => revokeGrant(turn, grantKey(CLIENT_ID, person), "operator"));
  }

  disconnect(person: string): void {
    this.engine.run(this.#now(), (turn) => endConnections(turn, ({ userId }) => userId === person, "disconnected"));
  }

  /** The app gets another secret; the old one is dead at once. */
  replaceSecret(secret: string): void {
    this.engine.run(this.#now(), (turn) => {
      const app = this.#app(turn);
      if (app.kind !== "web") return;
      turn.draft.put("apps", CLIENT_ID, { ...app, secrets: [{ id: secret, hash: turn.mint.hash(secret) }] });
    });
  }

  /** Whether this refresh token would be accepted now. Changes nothing. */
  wouldAccept(refreshToken: string): boolean {
    const { view } = this.engine;
    const hash = hashOf(refreshToken);
    return accepts[askRefresh(view, { hash, nowMs: this.#now(), switches: this.engine.switches() }).kind];
  }

  /** The consent that a refresh token came from. */
  familyOf(refreshToken: string): string | undefined {
    return this.engine.view.get("refreshTokens", hashOf(refreshToken))?.familyId;
  }

  /** When this refresh token was first used; null: not yet, or never issued. */
  firstUseMs(refreshToken: string): number | null {
    return this.engine.view.get("refreshTokens", hashOf(refreshToken))?.firstUsedAtMs ?? null;
  }

  /** Whose token it is and until when it is good. */
  accessFacts(accessToken: string): { readonly person: string | null; readonly expiresAtMs: number } | undefined {
    const row = this.engine.view.get("accessTokens", accessIdOf(accessToken) ?? "");
    return row === undefined ? undefined : { person: row.userId, expiresAtMs: row.expiresAtMs };
  }

  #app({ draft }: Turn): App {
    const app = draft.get("apps", CLIENT_ID);
    if (app === undefined) throw new Error("the app is gone");
    return app;
  }

  #granted(turn: Turn, tokens: TokenSet, decision: string): Execution {
    const refreshToken = tokens.refresh?.token ?? null;
    const accessToken = `h.${this.#claimsOf(tokens)}.${CANARY}-${tokens.access.id}`;
    const body = JSON.stringify({
      access_token: accessToken,
      expires_in: Math.floor((tokens.access.expiresAtMs - turn.nowMs) / 1000),
      token_type: "Bearer",
      ...(refreshToken === null ? {} : { refresh_token: refreshToken }),
      scope: tokens.scopes.join(" "),
    });
    return { status: 200, body, decision, issued: { accessToken, refreshToken, familyId: tokens.family?.id ?? null } };
  }

  // The same for all tokens of one consent, so they are put together once.
  #claimsOf({ family }: TokenSet): string {
    const id = family?.id ?? "";
    const known = this.#claims.get(id);
    if (known !== undefined) return known;
    const claims = { xero_userid: family?.userId, authentication_event_id: family?.authEventId };
    const text = Buffer.from(JSON.stringify(claims)).toString("base64url");
    this.#claims.set(id, text);
    return text;
  }
}

function refusal(error: string, decision: string): Execution {
  return { status: 400, body: JSON.stringify({ error }), decision, issued: null };
}

function canaryMint(): Mint {
  return {
    hex32: (label) => label,
    uuid: (label) => label,
    secret: (label) => `${CANARY}-${label}`,
    hash: hashOf,
  };
}

function hashOf(secret: string): string {
  return `#${secret}`;
}

function accessIdOf(accessToken: string): string | null {
  const signature = accessToken.split(".", 3)[2];
  return signature?.startsWith(`${CANARY}-`) ? signature.slice(CANARY.length + 1) : null;
}
