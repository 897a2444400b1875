import { type Html, html } from "../http/html.ts";
import { appAddress, PORTAL_PATH } from "../portal/visit.ts";
import { rowButton } from "./forms.ts";
import type { DeskVisit } from "./visit.ts";

/** More of a kind are left out; the control API lists all. */
const mostRows = 100;

/** Apps, people with their roles, organisations, and who connected which app to which organisation. */
export function peopleSection({ control }: DeskVisit): Html {
  const apps = control.apps();
  const users = control.users();
  const organisations = control.organisations();
  const shown = {
    apps: apps.slice(-mostRows),
    users: users.slice(-mostRows),
    organisations: organisations.slice(-mostRows),
  };
  const memberships = control.memberships();
  const nameOf = (id: string) => organisations.find((each) => each.id === id)?.name ?? id;
  const live = control
    .connections()
    .filter(({ endedAtMs }) => endedAtMs === null)
    .slice(-mostRows);
  return html`
    <table><thead><tr><th>app</th><th>kind</th><th>client id</th></tr></thead><tbody>${shown.apps.map(
      ({ clientId, name, kind }) =>
        html`<tr><td><a href="${appAddress(clientId)}">${name}</a></td><td>${kind}</td><td><code>${clientId}</code></td></tr>`,
    )}</tbody></table>
    <table><thead><tr><th>person</th><th>organisations</th></tr></thead><tbody>${shown.users.map(
      ({ id, email }) =>
        html`<tr><td>${email}</td><td>${memberships
          .filter(({ userId }) => userId === id)
          .map(({ organisationId, role }) => `${nameOf(organisationId)} (${role})`)
          .join(", ")}</td></tr>`,
    )}</tbody></table>
    <table><thead><tr><th>organisation</th><th>tenant id</th><th>kind</th></tr></thead><tbody>${shown.organisations.map(
      ({ id, name, isDemoCompany, countryCode }) =>
        html`<tr><td>${name}</td><td><code>${id}</code></td><td>${isDemoCompany ? "demo company" : "live"}, ${countryCode}</td></tr>`,
    )}</tbody></table>
    ${
      live.length === 0
        ? html`<p>Nothing is connected.</p>`
        : html`<table><thead><tr><th>connection</th><th>app</th><th>by</th><th></th></tr></thead><tbody>${live.map(
            ({ id, tenantId, clientId, userId }) =>
              html`<tr><td>${nameOf(tenantId)}</td><td>${apps.find((app) => app.clientId === clientId)?.name ?? clientId}</td><td>${users.find((user) => user.id === userId)?.email ?? ""}</td><td>${rowButton("connections/disconnect", "Disconnect", { id })}</td></tr>`,
          )}</tbody></table>`
    }
    <p>${[apps, users, organisations].some((list) => list.length > mostRows) ? html`The newest ${String(mostRows)} of each; all: <code>GET /__sandbox/apps</code>, <code>users</code>, <code>organisations</code>, <code>connections</code>. ` : null}<a href="${PORTAL_PATH}">Apps and Custom Connections</a>, <a href="${PORTAL_PATH}/mails">outbox</a></p>`;
}
