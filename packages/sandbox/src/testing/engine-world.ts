import {
  type Change,
  consent,
  createEngine,
  createLedger,
  type DialectName,
  type Engine,
  type Mint,
  membershipKey,
  patchSwitches,
  type RefreshOutcome,
  redeemCode,
  refresh,
  type Switches,
} from "../engine/index.ts";

/** For tests: opaque, readable values. A hash is the secret in brackets. */
export const plainMint: Mint = {
  hex32: (label) => `hex(${label})`,
  uuid: (label) => `uuid(${label})`,
  secret: (label) => `secret(${label})`,
  hash: (secret) => `#${secret}`,
};

export const clientId = "APP";
const userId = "user";
const organisationId = "organisation";

export interface EngineWorld {
  readonly engine: Engine;
  readonly written: readonly (readonly Change[])[];
  /** A consent at an instant: the first refresh token and access token. */
  consents(
    atMs: number,
    scopes?: readonly string[],
  ): { readonly refreshToken: string; readonly accessTokenId: string; readonly familyId: string };
  refreshes(atMs: number, refreshToken: string, as?: string): RefreshOutcome;
  failNextWrite(): void;
}

/** For tests: one person, one organisation, one web app, and no HTTP. */
export function anEngine(switches: Partial<Switches> = {}, dialect: DialectName = "xero"): EngineWorld {
  const written: (readonly Change[])[] = [];
  let failing = false;
  const ledger = createLedger([], (changes) => {
    if (failing) {
      failing = false;
      throw new Error("disk full");
    }
    written.push(changes);
  });
  const engine = createEngine({ ledger, mint: plainMint, dialect });
  const app = {
    kind: "web",
    clientId,
    name: "App",
    scopes: null,
    createdAtMs: 0,
    secrets: [{ id: "s", hash: "#secret" }],
    redirectUris: ["https://app.example/cb"],
  } as const;
  const login = { hash: "#login", userId, sessionId: "session", authTimeMs: 0, expiresAtMs: Number.MAX_SAFE_INTEGER };
  engine.run(0, ({ draft }) => {
    draft.put("users", userId, {
      id: userId,
      xeroUserId: "x",
      email: "jane@demo.example",
      givenName: "Jane",
      familyName: "A",
      passwordHash: "#p",
    });
    const facts = { countryCode: "NZ", baseCurrency: "NZD", timezone: "UTC", isDemoCompany: true, createdAtMs: 0 };
    draft.put("organisations", organisationId, {
      id: organisationId,
      name: "Demo",
      legalName: "Demo",
      shortCode: "!a",
      ...facts,
    });
    draft.put("memberships", membershipKey(userId, organisationId), { userId, organisationId, role: "Adviser" });
    draft.put("apps", clientId, app);
    patchSwitches(draft, switches);
  });
  return {
    engine,
    written,
    consents: (atMs, scopes = ["openid", "accounting.settings", "offline_access"]) =>
      engine.run(atMs, (turn) => {
        const said = consent(turn, {
          app,
          login,
          redirectUri: "https://app.example/cb",
          scopes,
          challenge: null,
          nonce: null,
          organisationIds: [organisationId],
        });
        if (said.kind !== "code") throw new Error(said.reason);
        const got = redeemCode(turn, {
          app,
          code: said.code,
          redirectUri: "https://app.example/cb",
          verifierChallenge: null,
        });
        if (got.kind !== "issued") throw new Error(got.kind);
        return {
          refreshToken: got.tokens.refresh?.token ?? "",
          accessTokenId: got.tokens.access.id,
          familyId: got.tokens.family?.id ?? "",
        };
      }),
    refreshes: (atMs, refreshToken, as = clientId) =>
      engine.run(atMs, (turn) => refresh(turn, { clientId: as, refreshToken })),
    failNextWrite: () => {
      failing = true;
    },
  };
}

export const tokenOf = (outcome: RefreshOutcome): string => {
  const token = outcome.tokens?.refresh?.token;
  if (token === undefined) throw new Error(`no refresh token: ${outcome.decision.kind}`);
  return token;
};
