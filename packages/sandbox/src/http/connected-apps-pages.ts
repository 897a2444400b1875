import type { App, Connection, Organisation, User } from "../engine/index.ts";
import type { Answer } from "./answer.ts";
import { type Html, html } from "./html.ts";
import { page } from "./pages.ts";

export interface ConnectedApp {
  readonly connection: Connection;
  readonly app: App;
  readonly organisation: Organisation;
  /** Who connected it. */
  readonly by: User;
}

export function personLoginPage({ csrf, failed }: { readonly csrf: string; readonly failed: boolean }): Answer {
  return page(
    failed ? 401 : 200,
    "Log in to Xero (sandbox)",
    html`
    <p>to see the apps that are connected to your organisations</p>
    ${failed ? html`<p role="alert">Your email or password is incorrect.</p>` : null}
    <form method="post" action="/connected-apps/login">
      <input type="hidden" name="csrf" value="${csrf}">
      <label for="email">Email address</label>
      <input id="email" name="email" type="email" autocomplete="username" required>
      <label for="password">Password</label>
      <input id="password" name="password" type="password" autocomplete="current-password" required>
      <button type="submit">Log in</button>
    </form>`,
  );
}

export function connectedAppsPage(facts: {
  readonly csrf: string;
  readonly user: User;
  readonly apps: readonly ConnectedApp[];
}): Answer {
  const { csrf, user, apps } = facts;
  return page(
    200,
    "Connected apps",
    html`
    <p>Logged in as ${user.givenName} ${user.familyName} (${user.email})</p>
    ${apps.length === 0 ? html`<p>No app is connected to an organisation in which you have the Standard or Adviser role.</p>` : null}
    ${apps.map((each) => row(each, csrf))}`,
  );
}

function row({ connection, app, organisation, by }: ConnectedApp, csrf: string): Html {
  return html`<form method="post" action="/connected-apps/disconnect" class="row">
      <input type="hidden" name="csrf" value="${csrf}">
      <input type="hidden" name="connection" value="${connection.id}">
      <strong>${app.name}</strong> at ${organisation.name}
      <small>connected by ${by.email}, last on ${new Date(connection.updatedAtMs).toISOString().slice(0, 10)}</small>
      <button type="submit" aria-label="Disconnect ${app.name} from ${organisation.name}">Disconnect</button>
    </form>`;
}
