import type { App, LedgerView, User } from "../engine/index.ts";

export type RedactedUser = Omit<User, "passwordHash">;
/** An app without its secrets' hashes. */
export type RedactedApp = ReturnType<typeof redactApp>;

export const redactUser = ({ passwordHash: _passwordHash, ...user }: User): RedactedUser => user;

export function redactApp(app: App) {
  switch (app.kind) {
    case "pkce":
      return app;
    case "web":
    case "custom-connection":
      return { ...app, secrets: app.secrets.map(({ id }) => ({ id })) };
  }
}

/** The whole ledger; of secrets and tokens it knows only hashes, and shows of these none that could be logged in with. */
export function redactedState(view: LedgerView) {
  return {
    users: [...view.all("users")].map(redactUser),
    organisations: [...view.all("organisations")],
    memberships: [...view.all("memberships")],
    apps: [...view.all("apps")].map(redactApp),
    grants: [...view.all("grants")],
    families: [...view.all("families")],
    refreshTokens: [...view.all("refreshTokens")].map(({ label: _label, ...token }) => token),
    accessTokens: [...view.all("accessTokens")],
    codes: [...view.all("codes")],
    connections: [...view.all("connections")],
    accounts: [...view.all("accounts")],
    contacts: [...view.all("contacts")],
    invoices: [...view.all("invoices")],
    payments: [...view.all("payments")],
    bankTransactions: [...view.all("bankTransactions")],
    purchases: [...view.all("purchases")],
    consentLinks: [...view.all("consentLinks")],
    mails: [...view.all("mails")].map(({ linkLabel: _label, ...mail }) => mail),
    webhooks: [...view.all("webhooks")].map(({ keyLabel: _label, ...webhook }) => webhook),
    webhookEvents: [...view.all("webhookEvents")],
    scheduled: [...view.all("scheduled")],
  };
}

export type RedactedState = ReturnType<typeof redactedState>;

/** One grant with everything that hangs on it. */
export function grantView(view: LedgerView, grantId: string) {
  const grant = view.get("grants", grantId);
  if (grant === undefined) return null;
  const families = [...view.all("families")].filter((family) => family.grantId === grantId);
  const ids = new Set(families.map((family) => family.id));
  const state = redactedState(view);
  return {
    grant,
    families,
    refreshTokens: state.refreshTokens.filter((token) => ids.has(token.familyId)),
    accessTokens: state.accessTokens.filter((token) => token.familyId !== null && ids.has(token.familyId)),
    connections: state.connections.filter(
      (connection) => connection.clientId === grant.clientId && connection.userId === grant.userId,
    ),
  };
}

export type GrantView = NonNullable<ReturnType<typeof grantView>>;
