import {
  type CustomConnectionApp,
  type CustomConnectionState,
  lastConsentLink,
  type Purchase,
  type Turn,
} from "../engine/index.ts";

/** A Custom Connection as its developer sees it. */
export interface CustomConnectionView {
  readonly clientId: string;
  readonly name: string;
  readonly companyUrl: string | null;
  readonly scopes: readonly string[];
  readonly state: CustomConnectionState;
  readonly authorisingUser: { readonly id: string; readonly email: string };
  readonly organisation: { readonly id: string; readonly name: string } | null;
  readonly authorisedAtMs: number | null;
  readonly purchase: Purchase | null;
  /** What became of the link in the newest mail. */
  readonly link: "open" | "expired" | "allowed" | "declined" | "replaced" | null;
}

export function customConnectionView(turn: Turn, app: CustomConnectionApp): CustomConnectionView {
  const { custom } = app;
  const organisation =
    custom.organisationId === null ? undefined : turn.draft.get("organisations", custom.organisationId);
  return {
    clientId: app.clientId,
    name: app.name,
    companyUrl: custom.companyUrl ?? null,
    scopes: app.scopes ?? [],
    state: custom.state,
    authorisingUser: {
      id: custom.authorisingUserId,
      email: turn.draft.get("users", custom.authorisingUserId)?.email ?? "",
    },
    organisation: organisation === undefined ? null : { id: organisation.id, name: organisation.name },
    authorisedAtMs: custom.authorisedAtMs,
    purchase: turn.draft.get("purchases", app.clientId) ?? null,
    link: linkState(turn, app.clientId),
  };
}

function linkState(turn: Turn, clientId: string): CustomConnectionView["link"] {
  const link = lastConsentLink(turn, clientId);
  if (link === undefined) return null;
  if (link.end !== null) return link.end.as;
  return link.expiresAtMs !== null && turn.nowMs >= link.expiresAtMs ? "expired" : "open";
}
