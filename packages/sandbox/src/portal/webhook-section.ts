import type { WebhookView } from "../control/webhook-control.ts";
import { WEBHOOK_CATEGORIES } from "../engine/index.ts";
import { Html, html } from "../http/html.ts";
import { buttonForm } from "./button-form.ts";
import type { Visit } from "./visit.ts";

/** The webhook of one app: where it goes, its signing key, whether its URL has shown that it checks signatures. */
export function webhookSection(visit: Visit): Html {
  const webhook = visit.control.webhooks().find(({ clientId }) => clientId === visit.id) ?? null;
  return html`
    <h2>Webhook</h2>
    ${webhook === null ? html`<p>None.</p>` : present(visit, webhook)}
    ${buttonForm(visit, { path: "webhook", text: "Save webhook", more: fields(webhook) })}`;
}

const present = (visit: Visit, webhook: WebhookView): Html => html`
    <p id="webhook-state">${stateText(webhook)}</p>
    <p>Signing key: <code id="webhook-key">${webhook.key}</code></p>
    ${buttonForm(visit, { path: "webhook/intent-to-receive", text: "Send intent to receive" })}
    ${buttonForm(visit, { path: "webhook/remove", text: "Remove webhook" })}`;

function stateText({ state, failures, waiting }: WebhookView): string {
  switch (state) {
    case "intent-required":
      return "Intent to receive is required: the URL has not shown yet that it answers 200 to good signatures and 401 to bad ones.";
    case "probing":
      return "The intent to receive is on its way.";
    case "active":
      return failures === 0 ? "OK." : `Failing: ${failures} times in a row, ${waiting} events wait.`;
    case "disabled":
      return "Disabled: deliveries failed for as long as they are repeated. Send the intent to receive to start again.";
  }
}

const fields = (webhook: WebhookView | null): Html => html`
      <label for="url">Delivery URL, on this machine</label>
      <input id="url" name="url" type="url" required maxlength="2000" value="${webhook?.url ?? ""}">
      <fieldset>
        <legend>Events</legend>
        ${WEBHOOK_CATEGORIES.map(
          (category) => html`<div class="row">
          <input type="checkbox" id="category.${category}" name="category.${category}" value="on"${new Html(webhook?.categories.includes(category) ? " checked" : "")}>
          <label for="category.${category}">${category}</label>
        </div>`,
        )}
      </fieldset>`;
