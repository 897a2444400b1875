import type { ConnectionView, OperatorPrincipal } from "@evergrant/keeper";
import { type Html, html } from "../consent/html.ts";
import type { Page } from "../consent/page.ts";

/** Where operators show who they are; `issuer` null: by their keys alone. */
export function signInPage(issuer: string | null): Page {
  return {
    title: "Sign in to Evergrant",
    body: html`${issuer === null ? null : elsewhere(issuer)}
<form method="post" action="/console/sign-in">
<p><label for="key">Operator key</label></p>
<p><input id="key" name="key" type="password" autocomplete="off" required maxlength="200"></p>
<button type="submit">Sign in with a key</button>
</form>
<p class="aside">A key is shown once, when an operator is added: <code>evergrant operators add</code>.</p>`,
  };
}

/** On the way into the console: a step of our own, after which browsers send what they hold strictly for us. */
export function enteredPage(): Page {
  return { title: "Signed in", body: html`<p><a href="/console">To the console</a></p>`, goesTo: "/console" };
}

export interface Overview {
  readonly operator: OperatorPrincipal;
  readonly connections: readonly ConnectionView[];
  /** Where the next page begins; null on the last. */
  readonly next: string | null;
}

/** Who is signed in, and how the connections stand. Changes nothing. */
export function overviewPage({ operator, connections, next }: Overview): Page {
  return {
    title: "Connections",
    body: html`<p>Signed in as <strong>${operator.name}</strong> (${operator.role}).</p>
${connections.length === 0 ? html`<p>No connections yet: <code>evergrant connect NAME --app APP</code>.</p>` : html`<ul>${connections.map(line)}</ul>`}
${next === null ? null : html`<p><a href="/console?cursor=${next}">More</a></p>`}
<form method="post" action="/console/sign-out"><button type="submit">Sign out</button></form>
<p class="aside">Why a connection is as it is: <code>evergrant why NAME</code>.</p>`,
  };
}

function elsewhere(issuer: string): Html {
  const host = URL.canParse(issuer) ? new URL(issuer).host : issuer;
  return html`<form method="post" action="/console/sign-in/openid"><button type="submit">Sign in at ${host}</button></form>`;
}

function line({ name, status, tenants, renewedAtMs, lapsesAtMs }: ConnectionView): Html {
  const organisations = tenants.map((tenant) => tenant.name).join(", ");
  return html`<li id="${name}"><strong>${name}</strong>: ${status.replaceAll("-", " ")}
<dl>
<dt>Organisations</dt><dd>${organisations === "" ? "none" : organisations}</dd>
<dt>Last refresh</dt><dd>${instant(renewedAtMs, "never")}</dd>
<dt>Lapses</dt><dd>${instant(lapsesAtMs, "not known")}</dd>
</dl></li>`;
}

// ECMA-262 §21.4.1.1: what a Date can hold.
const LAST_INSTANT_MS = 8.64e15;

function instant(atMs: number | null, missing: string): string {
  if (atMs === null || Math.abs(atMs) > LAST_INSTANT_MS) return missing;
  return `${new Date(atMs).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
