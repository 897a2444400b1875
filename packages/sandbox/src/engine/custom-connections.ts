import { mailConsentLink } from "./consent-links.ts";
import type { App, AppSecret } from "./rows.ts";
import type { Turn } from "./turn.ts";

export type CustomConnectionApp = Extract<App, { readonly kind: "custom-connection" }>;

export interface NewCustomConnection {
  readonly clientId: string;
  readonly name: string;
  readonly companyUrl: string | null;
  readonly scopes: readonly string[];
  readonly authorisingUserId: string;
  readonly secrets: readonly AppSecret[];
  readonly createdAtMs: number;
}

/** A Custom Connection that waits for consent; its authorising user gets a mail. */
export function createCustomConnection(turn: Turn, wanted: NewCustomConnection): CustomConnectionApp {
  const { clientId, name, companyUrl, scopes, authorisingUserId, secrets, createdAtMs } = wanted;
  const app: CustomConnectionApp = {
    kind: "custom-connection",
    clientId,
    name,
    scopes,
    createdAtMs,
    secrets,
    custom: {
      ...(companyUrl === null ? {} : { companyUrl }),
      authorisingUserId,
      organisationId: null,
      state: "awaiting-consent",
      connectionId: turn.mint.uuid(turn.label("connection")),
      authorisedAtMs: null,
    },
  };
  turn.draft.put("apps", clientId, app);
  mailConsentLink(turn, app);
  return app;
}

export interface CustomConnectionEdit {
  readonly name?: string | undefined;
  readonly companyUrl?: string | undefined;
  readonly scopes?: readonly string[] | undefined;
  readonly authorisingUserId?: string | undefined;
  /** true: another organisation is to be chosen. */
  readonly forgetOrganisation?: boolean | undefined;
}

/**
 * Edits a Custom Connection. Other scopes, another authorising user or another organisation need a new consent: it is deactivated,
 * and the authorising user gets a mail. Its name and company URL are words only.
 */
export function editCustomConnection(
  turn: Turn,
  app: CustomConnectionApp,
  edit: CustomConnectionEdit,
): CustomConnectionApp {
  const { custom } = app;
  const scopes = edit.scopes ?? app.scopes ?? [];
  const authorisingUserId = edit.authorisingUserId ?? custom.authorisingUserId;
  const consentNeeded =
    !sameScopes(scopes, app.scopes ?? []) ||
    authorisingUserId !== custom.authorisingUserId ||
    (edit.forgetOrganisation === true && custom.organisationId !== null);
  const companyUrl = edit.companyUrl ?? custom.companyUrl;
  const changed: CustomConnectionApp = {
    ...app,
    name: edit.name ?? app.name,
    scopes,
    custom: {
      ...custom,
      ...(companyUrl === undefined ? {} : { companyUrl }),
      authorisingUserId,
      organisationId: edit.forgetOrganisation === true ? null : custom.organisationId,
      state: consentNeeded && custom.state === "active" ? "deactivated" : custom.state,
    },
  };
  turn.draft.put("apps", app.clientId, changed);
  if (consentNeeded) mailConsentLink(turn, changed);
  return changed;
}

const sameScopes = (a: readonly string[], b: readonly string[]): boolean =>
  new Set([...a, ...b]).size === new Set(a).size && new Set(a).size === new Set(b).size;
