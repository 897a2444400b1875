import type { App, Choice, User } from "../engine/index.ts";
import type { Answer } from "./answer.ts";
import { Html, html } from "./html.ts";

/** Xero's own page for an authorize request that it will not redirect. */
export function errorPage(error: string, description: string): Answer {
  return page(
    400,
    "Sorry, something went wrong",
    html`
    <p>Error code: 500</p>
    <p>Error: ${error} : ${description}</p>
    <p>The app that sent you here asked for something it may not have. Nothing was changed. Go back to the app and start again.</p>`,
  );
}

/** A form that came without its page, or from another browser. */
export function staleFormPage(): Answer {
  return page(
    403,
    "This page is out of date",
    html`<p>Nothing was changed. Go back to the app that sent you here and start again.</p>`,
  );
}

export interface LoginPage {
  readonly app: App;
  readonly request: string;
  readonly csrf: string;
  readonly users: readonly User[];
  readonly email: string;
  readonly failed: boolean;
  /** Where the form goes, if not to the authorize endpoint's login. */
  readonly action?: string;
}

export function loginPage(facts: LoginPage): Answer {
  return page(
    facts.failed ? 401 : 200,
    "Log in to Xero (sandbox)",
    html`
    <p>to go on to <strong>${facts.app.name}</strong></p>
    ${facts.failed ? html`<p role="alert">Your email or password is incorrect.</p>` : null}
    <form method="post" action="${facts.action ?? "/identity/user/login"}">
      ${hidden(facts)}
      <label for="email">Email address</label>
      <input id="email" name="email" type="email" list="people" autocomplete="username" required value="${facts.email}">
      <datalist id="people">${facts.users.map((user) => html`<option value="${user.email}">${user.givenName} ${user.familyName}</option>`)}</datalist>
      <label for="password">Password</label>
      <input id="password" name="password" type="password" autocomplete="current-password" required>
      <button type="submit">Log in</button>
    </form>`,
  );
}

export interface ConsentPage {
  readonly app: App;
  readonly user: User;
  readonly request: string;
  readonly csrf: string;
  readonly scopes: readonly string[];
  readonly choices: readonly Choice[];
  readonly preselect: string | null;
  /** Whether several organisations may be chosen at once. */
  readonly bulk: boolean;
  readonly problem: string | null;
}

export function consentPage(facts: ConsentPage): Answer {
  const open = facts.choices.filter((choice) => choice.mayConnect && !choice.connected);
  const connected = facts.choices.filter((choice) => choice.connected);
  const preselect = facts.preselect ?? (open.length === 1 ? open[0]?.organisation.id : null) ?? null;
  return page(
    facts.problem === null ? 200 : 400,
    `${facts.app.name} wants access`,
    html`
    <p>Logged in as ${facts.user.givenName} ${facts.user.familyName} (${facts.user.email})</p>
    ${facts.problem === null ? null : html`<p role="alert">${facts.problem}</p>`}
    <h2>It asks for</h2>
    <ul>${facts.scopes.map((scope) => html`<li>${scope}</li>`)}</ul>
    <form method="post" action="/identity/connect/consent">
      ${hidden(facts)}
      <fieldset>
        <legend>${facts.bulk ? "Select the organisations to connect" : "Select an organisation to connect"}</legend>
        ${facts.choices.map((choice) => organisationRow(choice, { preselect, bulk: facts.bulk }))}
        ${open.length + connected.length === 0 ? html`<p>You have no organisation that you may connect. Ask somebody with the Standard or Adviser role.</p>` : null}
      </fieldset>
      ${open.length === 0 ? null : html`<button type="submit" name="decision" value="allow">Allow access</button>`}
      ${connected.length === 0 ? null : html`<button type="submit" name="decision" value="continue" formnovalidate>Continue with ${connected.length === 1 ? "organisation" : `${connected.length} organisations`}</button>`}
      <button type="submit" name="decision" value="cancel" formnovalidate class="plain">Cancel</button>
    </form>
    <form method="post" action="/identity/user/switch">
      ${hidden(facts)}
      <button type="submit" class="plain">Use another account</button>
    </form>`,
  );
}

function organisationRow(
  { organisation, role, connected, mayConnect }: Choice,
  form: { readonly preselect: string | null; readonly bulk: boolean },
): Html {
  const id = `organisation-${organisation.id}`;
  const able = mayConnect && !connected;
  const checked = able && form.preselect === organisation.id ? " checked" : "";
  // The browser sees to it that one radio button is chosen; of boxes any number may be.
  const flags = new Html(`${able ? (form.bulk ? "" : "required") : "disabled"}${checked}`);
  const input = form.bulk
    ? html`<input type="checkbox" id="${id}" name="organisation.${organisation.id}" value="on" ${flags} aria-describedby="${id}-about">`
    : html`<input type="radio" id="${id}" name="organisation" value="${organisation.id}" ${flags} aria-describedby="${id}-about">`;
  return html`<div class="${able ? "row" : "row off"}">
    ${input}
    <label for="${id}">${organisation.name}</label>
    <small id="${id}-about">${role}. ${connected ? "Connected." : mayConnect ? "" : `The role ${role} may not connect apps: ask somebody with the Standard or Adviser role.`}</small>
  </div>`;
}

/** What every form carries: what it is about, and proof that this browser got it from us. */
export const hidden = ({ request, csrf }: { readonly request: string; readonly csrf: string }): Html =>
  html`<input type="hidden" name="request" value="${request}"><input type="hidden" name="csrf" value="${csrf}">`;

const style = `body{font:16px/1.5 system-ui,sans-serif;color:#1c2733;background:#f2f4f7;margin:0}
main{max-width:30rem;margin:3rem auto;padding:1.5rem 2rem;background:#fff;border-radius:.5rem}
h1{font-size:1.4rem}h2{font-size:1rem}label{display:block;margin-top:1rem}
input[type=email],input[type=password],input[type=text],input[type=url]{width:100%;box-sizing:border-box;padding:.5rem;font:inherit}
fieldset{border:1px solid #c9d1d9;border-radius:.4rem}.row{padding:.4rem 0}.row label{display:inline;margin-left:.4rem}.row small{display:block;margin-left:1.7rem}.off label{color:#57606a}
button{font:inherit;margin:1rem .5rem 0 0;padding:.5rem 1rem;border:1px solid #0b5cad;border-radius:.3rem;background:#0b5cad;color:#fff}.plain{background:#fff;color:#0b5cad}
pre{white-space:pre-wrap;overflow-wrap:anywhere}code{overflow-wrap:anywhere}select{font:inherit;padding:.4rem}ul.apps li{font:inherit}
[role=alert]{color:#a40e26}li{font-family:ui-monospace,monospace;font-size:.9rem}`;

/** A page of the sandbox: no scripts, nothing loaded from anywhere. */
export function page(status: number, title: string, content: Html): Answer {
  const body = html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${title}</title><style>${new Html(style)}</style></head>
<body><main><h1>${title}</h1>${content}</main></body>
</html>`;
  return { status, headers: pageHeaders, body: body.text };
}

// No form-action: after the consent the browser is sent on to the app, wherever that is.
const pageHeaders = {
  "content-type": "text/html; charset=utf-8",
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
  "referrer-policy": "same-origin",
  "x-content-type-options": "nosniff",
};
