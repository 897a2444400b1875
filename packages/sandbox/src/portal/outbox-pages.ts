import type { MailDelivery } from "../engine/index.ts";
import type { Answer } from "../http/answer.ts";
import { html } from "../http/html.ts";
import { page } from "../http/pages.ts";
import { PORTAL_PATH, type Visit } from "./visit.ts";

/** The mails of this sandbox, newest first. */
export function outboxPage({ control }: Visit): Answer {
  const mails = control.mails().toReversed();
  return page(
    200,
    "Outbox (sandbox)",
    html`
    ${mails.length === 0 ? html`<p>No mail was written yet.</p>` : null}
    <ul class="apps">${mails.map(
      (mail) => html`<li><a href="${PORTAL_PATH}/mails/${mail.id}">${mail.subject}</a>
      <small>to ${mail.to}, ${new Date(mail.atMs).toISOString()}, ${deliveryText(mail.delivery)}</small></li>`,
    )}</ul>
    <p><a href="${PORTAL_PATH}">My apps</a></p>`,
  );
}

/** One mail as its reader sees it. */
export function mailPage({ control, id }: Visit): Answer {
  const mail = control.mail(id);
  return page(
    200,
    mail.subject,
    html`
    <p>From ${mail.from}<br>To ${mail.to}<br>${new Date(mail.atMs).toISOString()}, ${deliveryText(mail.delivery)}</p>
    <pre>${mail.text}</pre>
    <p><a href="${mail.link}">Open its link</a></p>
    <p><a href="${PORTAL_PATH}/mails">Outbox</a></p>`,
  );
}

function deliveryText(delivery: MailDelivery): string {
  switch (delivery.kind) {
    case "waiting":
      return "on its way";
    case "kept":
      return "kept here, because the sandbox has no mail server";
    case "sent":
      return "sent";
    case "failed":
      return `not sent: ${delivery.because}`;
  }
}
