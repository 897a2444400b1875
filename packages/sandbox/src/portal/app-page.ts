import type { CustomConnectionView } from "../control/custom-connection-view.ts";
import type { RedactedApp } from "../control/redacted-state.ts";
import { SandboxError } from "../errors.ts";
import type { Answer } from "../http/answer.ts";
import { type Html, html } from "../http/html.ts";
import { page } from "../http/pages.ts";
import { buttonForm } from "./button-form.ts";
import { connectionFields } from "./connection-form.ts";
import { PORTAL_PATH, type Visit } from "./visit.ts";
import { webhookSection } from "./webhook-section.ts";

/** One app: its id, its secrets, its webhook, and for a Custom Connection its state and its settings. */
export function appPage(
  visit: Visit,
  shown: { readonly problem: string | null; readonly secret: string | null },
): Answer {
  const app = visit.control.apps().find(({ clientId }) => clientId === visit.id);
  if (app === undefined) throw new SandboxError("not_found", "There is no app with that client id.");
  const custom = visit.control.customConnections().find(({ clientId }) => clientId === visit.id);
  return page(
    200,
    `${app.name} (sandbox)`,
    html`
    ${shown.problem === null ? null : html`<p role="alert">${shown.problem}</p>`}
    ${shown.secret === null ? null : html`<p role="status">The new client secret. Copy it now, it is shown only once: <code id="client-secret">${shown.secret}</code></p>`}
    ${custom === undefined ? null : stateSection(visit, custom)}
    <h2>Client id</h2>
    <p><code id="client-id">${app.clientId}</code></p>
    ${secretSection(visit, app)}
    ${custom === undefined ? null : settingsSection(visit, custom)}
    ${webhookSection(visit)}
    <p><a href="${PORTAL_PATH}">My apps</a></p>`,
  );
}

function stateSection(visit: Visit, view: CustomConnectionView): Html {
  return html`
    <h2>Connection</h2>
    <p id="state">${stateText(view)}</p>
    <p>${linkText(view)}</p>
    ${view.state === "active" ? null : buttonForm(visit, { path: "mail", text: "Send the mail again" })}
    ${view.organisation === null ? null : buttonForm(visit, { path: "organisation", text: "Connect another organisation" })}
    ${view.state === "active" ? buttonForm(visit, { path: "deactivate", text: "Deactivate" }) : null}
    <h2>Subscription</h2>
    ${purchaseSection(visit, view)}`;
}

function stateText({ state, organisation, authorisingUser }: CustomConnectionView): string {
  const where = organisation?.name ?? "";
  switch (state) {
    case "awaiting-consent":
      return `Waiting for ${authorisingUser.email} to authorise it.`;
    case "active":
      return `Connected to ${where}.`;
    case "deactivated":
      return `Deactivated: ${authorisingUser.email} has to authorise it again.`;
    case "lapsed":
      return `Its subscription for ${where} ended: buy it again, then ${authorisingUser.email} has to authorise it again.`;
  }
}

function linkText({ link }: CustomConnectionView): string {
  switch (link) {
    case "open":
      return "The link in the newest mail can be used.";
    case "allowed":
      return "The newest mail was answered with yes.";
    case "declined":
      return "The newest mail was answered with no.";
    case "expired":
      return "The link in the newest mail has expired.";
    case "replaced":
    case null:
      return "No mail was sent yet.";
  }
}

function purchaseSection(visit: Visit, { purchase, organisation }: CustomConnectionView): Html {
  const live = visit.control.organisations().filter(({ isDemoCompany }) => !isDemoCompany);
  const boughtBy = live.find(({ id }) => id === purchase?.organisationId)?.name ?? "";
  if (purchase?.endedAtMs === null)
    return html`<p>Bought by ${boughtBy}.</p>${buttonForm(visit, { path: "purchase/end", text: "End the subscription" })}`;
  const choice = html`
      <label for="organisation">Organisation that buys</label>
      <select id="organisation" name="organisation">${live.map(({ id, name }) => html`<option value="${id}">${name}</option>`)}</select>`;
  return html`<p>${purchase === null ? "Not bought." : `The subscription of ${boughtBy} ended.`} ${organisation === null ? "A live organisation has to buy it before it is connected; a demo company is free." : ""}</p>
    ${live.length === 0 ? null : buttonForm(visit, { path: "purchase", text: "Buy", more: choice })}`;
}

function secretSection(visit: Visit, app: RedactedApp): Html | null {
  if (app.kind === "pkce") return null;
  return html`
    <h2>Client secrets</h2>
    ${app.secrets.length === 0 ? html`<p>None yet.</p>` : null}
    ${app.secrets.map(({ id }, index) =>
      buttonForm(visit, {
        path: "secret/remove",
        text: `Remove secret ${index + 1}`,
        more: html`<input type="hidden" name="secret" value="${id}">`,
      }),
    )}
    ${buttonForm(visit, { path: "secret", text: "Generate a secret" })}
    ${app.secrets.length === 0 ? null : buttonForm(visit, { path: "secret", text: "Replace all secrets", more: html`<input type="hidden" name="replace" value="on">` })}`;
}

function settingsSection(visit: Visit, view: CustomConnectionView): Html {
  const emails = visit.control.users().map(({ email }) => email);
  return html`
    <h2>Settings</h2>
    <p>Other scopes, another user or another organisation deactivate the connection until it is authorised again.</p>
    ${buttonForm(visit, { path: "save", text: "Save and connect", more: connectionFields(view, emails) })}`;
}
