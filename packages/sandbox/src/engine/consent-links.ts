import { type AuthoriseRefusal, authoriseCustomConnection } from "./client-credentials.ts";
import type { ConsentLink, ConsentLinkEnd, Mail } from "./custom-connection-rows.ts";
import type { App, User } from "./rows.ts";
import type { Turn } from "./turn.ts";

type Custom = Extract<App, { readonly kind: "custom-connection" }>;

/** Writes the authorising user a mail with a fresh link; earlier links of the connection hold no more. */
export function mailConsentLink(turn: Turn, app: Custom): Mail {
  endLinks(turn, app.clientId, "replaced");
  const user = turn.draft.get("users", app.custom.authorisingUserId);
  const label = turn.label("consent-link");
  const ttlSeconds = turn.switches["cc.mail_link_ttl_seconds"];
  const link: ConsentLink = {
    hash: turn.mint.hash(turn.mint.secret(label)),
    clientId: app.clientId,
    userId: app.custom.authorisingUserId,
    sentAtMs: turn.nowMs,
    expiresAtMs: ttlSeconds === null ? null : turn.nowMs + ttlSeconds * 1000,
    end: null,
  };
  turn.draft.put("consentLinks", link.hash, link);
  const mail: Mail = {
    id: turn.mint.uuid(label),
    to: user?.email ?? "",
    clientId: app.clientId,
    linkLabel: label,
    linkHash: link.hash,
    atMs: turn.nowMs,
    delivery: { kind: "waiting" },
  };
  turn.draft.put("mails", mail.id, mail);
  return mail;
}

export type OpenedLink =
  | { readonly kind: "open"; readonly link: ConsentLink; readonly app: Custom; readonly user: User }
  | { readonly kind: "unknown" }
  | { readonly kind: "expired" }
  | { readonly kind: ConsentLinkEnd };

/** What a link from a mail leads to now. Changes nothing. */
export function openConsentLink(turn: Turn, secret: string): OpenedLink {
  const link = turn.draft.get("consentLinks", turn.mint.hash(secret));
  const app = link === undefined ? undefined : turn.draft.get("apps", link.clientId);
  const user = link === undefined ? undefined : turn.draft.get("users", link.userId);
  if (link === undefined || app?.kind !== "custom-connection" || user === undefined) return { kind: "unknown" };
  if (link.end !== null) return { kind: link.end.as };
  if (link.expiresAtMs !== null && turn.nowMs >= link.expiresAtMs) return { kind: "expired" };
  return { kind: "open", link, app, user };
}

/** The authorising user allows an open link for one organisation. Null: the connection is active. */
export function allowConsentLink(turn: Turn, link: ConsentLink, organisationId: string): AuthoriseRefusal | null {
  const refused = authoriseCustomConnection(turn, link.clientId, organisationId);
  if (refused === null) endLinks(turn, link.clientId, "allowed");
  return refused;
}

/** The authorising user says no: the link is spent, the connection stays as it was. */
export function declineConsentLink(turn: Turn, link: ConsentLink): void {
  endLinks(turn, link.clientId, "declined");
}

/** The newest link of a Custom Connection. */
export function lastConsentLink(turn: Turn, clientId: string): ConsentLink | undefined {
  return [...turn.draft.all("consentLinks")].filter((link) => link.clientId === clientId).at(-1);
}

/** Ends every open link of a connection. */
export function endLinks(turn: Turn, clientId: string, as: ConsentLinkEnd): void {
  for (const link of [...turn.draft.all("consentLinks")])
    if (link.clientId === clientId && link.end === null)
      turn.draft.put("consentLinks", link.hash, { ...link, end: { as, atMs: turn.nowMs } });
}
