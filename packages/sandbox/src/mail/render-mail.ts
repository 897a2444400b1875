import type { Mail, MailDelivery, Turn } from "../engine/index.ts";

/** Where the link in a mail leads. */
export const CONSENT_LINK_PATH = "/identity/custom-connections/authorise";

/** A mail as it is sent and as the outbox shows it. */
export interface RenderedMail {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  /** Plain text. */
  readonly text: string;
  readonly link: string;
  readonly clientId: string;
  readonly atMs: number;
  readonly delivery: MailDelivery;
}

/** Writes the mail that asks for consent to a Custom Connection. Its words are the sandbox's own: Xero's are not public. */
export function renderMail(turn: Turn, mail: Mail, origin: string): RenderedMail {
  const app = turn.draft.get("apps", mail.clientId);
  const user = [...turn.draft.all("users")].find((each) => each.email === mail.to);
  const link = `${origin}${CONSENT_LINK_PATH}?link=${turn.mint.secret(mail.linkLabel)}`;
  const name = oneLine(app?.name ?? "An app");
  const text = [
    `Hello ${oneLine(user?.givenName ?? "")},`,
    "",
    `${name} asks to be connected to an organisation of yours, as a Custom Connection.`,
    "Open this page to see what it asks for, and to allow or decline it:",
    "",
    link,
    "",
    "If you did not expect this, do nothing: without your consent it gets no access.",
    "",
    "This mail comes from a sandbox, not from Xero.",
  ].join("\n");
  const { id, to, clientId, atMs, delivery } = mail;
  return {
    id,
    from: sender,
    to,
    subject: `${name} asks for access to Xero (sandbox)`,
    text,
    link,
    clientId,
    atMs,
    delivery,
  };
}

// RFC 2606: a name that belongs to nobody.
const sender = "Xero sandbox <no-reply@sandbox.example>";

// A name may hold anything; a subject is one line.
const oneLine = (text: string): string => text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ").trim();
