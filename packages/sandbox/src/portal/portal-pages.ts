import type { Answer } from "../http/answer.ts";
import { html } from "../http/html.ts";
import { page } from "../http/pages.ts";
import { appAddress, PORTAL_PATH, type Visit } from "./visit.ts";

/** All apps. */
export function appsPage({ control }: Visit): Answer {
  const states = new Map(control.customConnections().map(({ clientId, state }) => [clientId, state]));
  const kinds = { web: "Web app", pkce: "Mobile or desktop app", "custom-connection": "Custom Connection" };
  return page(
    200,
    "My apps (sandbox)",
    html`
    <ul class="apps">${control.apps().map(
      (app) => html`<li><a href="${appAddress(app.clientId)}">${app.name}</a>
      <small>${kinds[app.kind]}${states.has(app.clientId) ? `, ${states.get(app.clientId) ?? ""}` : ""}</small></li>`,
    )}</ul>
    <p><a href="${PORTAL_PATH}/new">New Custom Connection</a></p>
    <p><a href="${PORTAL_PATH}/mails">Outbox</a></p>`,
  );
}
