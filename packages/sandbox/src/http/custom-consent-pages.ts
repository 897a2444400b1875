import {
  type Choice,
  CUSTOM_CONNECTION_COUNTRIES,
  type CustomConnectionApp,
  type OpenedLink,
  type User,
} from "../engine/index.ts";
import type { Answer } from "./answer.ts";
import { Html, html } from "./html.ts";
import { hidden, page } from "./pages.ts";

type Closed = Exclude<OpenedLink["kind"], "open">;

/** A link that leads nowhere (any more). */
export function closedLinkPage(kind: Closed): Answer {
  const [status, title, text] = closed[kind];
  return page(status, title, html`<p>${text}</p>`);
}

const closed: { readonly [K in Closed]: readonly [number, string, string] } = {
  unknown: [404, "This link is not known", "Check that the whole link from the mail was opened."],
  expired: [410, "This request has expired", "Nothing was changed. Ask the people who run the app to send a new one."],
  allowed: [410, "There is nothing to do", "This request was allowed already."],
  declined: [
    410,
    "This request was declined",
    "If that was a mistake, ask the people who run the app to send a new one.",
  ],
  replaced: [410, "There is a newer request", "Open the link in the newest mail about this app."],
};

export interface WrongUserPage {
  readonly app: CustomConnectionApp;
  readonly user: User;
  readonly request: string;
  readonly csrf: string;
}

/** Somebody else than the authorising user is logged in. */
export function wrongUserPage(facts: WrongUserPage): Answer {
  return page(
    403,
    "This request is not for you",
    html`
    <p>You are logged in as ${facts.user.email}. Only the person to whom the mail about <strong>${facts.app.name}</strong> was sent can answer it.</p>
    ${switchForm(facts)}`,
  );
}

/** One organisation on the page. */
export interface CustomChoice extends Choice {
  readonly bought: boolean;
}

export interface CustomConsentPage {
  readonly app: CustomConnectionApp;
  readonly user: User;
  readonly request: string;
  readonly csrf: string;
  readonly choices: readonly CustomChoice[];
  readonly chosen: string | null;
  readonly problem: string | null;
}

export function customConsentPage(facts: CustomConsentPage): Answer {
  const { app, user, problem } = facts;
  const open = facts.choices.filter(isOpen);
  const chosen = facts.chosen ?? (open.length === 1 ? open[0]?.organisation.id : null) ?? null;
  return page(
    problem === null ? 200 : 400,
    `${app.name} asks for a Custom Connection`,
    html`
    <p>Logged in as ${user.givenName} ${user.familyName} (${user.email})</p>
    ${problem === null ? null : html`<p role="alert">${problem}</p>`}
    ${app.custom.companyUrl === undefined ? null : html`<p>Its company: ${app.custom.companyUrl}</p>`}
    <h2>It asks for</h2>
    <ul>${(app.scopes ?? []).map((scope) => html`<li>${scope}</li>`)}</ul>
    <p>It works without you afterwards, at any time, until you or it ends the connection.</p>
    <form method="post" action="/identity/custom-connections/decide">
      ${hidden(facts)}
      <fieldset>
        <legend>Select the one organisation to connect</legend>
        ${facts.choices.map((choice) => row(choice, chosen))}
        ${open.length === 0 ? html`<p>You have no organisation that you may connect.</p>` : null}
      </fieldset>
      ${open.length === 0 ? null : html`<button type="submit" name="decision" value="allow">Allow access</button>`}
      ${open.every(({ bought }) => bought) ? null : html`<button type="submit" name="decision" value="buy" class="plain">Buy subscription</button>`}
      <button type="submit" name="decision" value="decline" formnovalidate class="plain">Decline</button>
    </form>
    ${switchForm(facts)}`,
  );
}

export function connectedPage(app: CustomConnectionApp, organisationName: string): Answer {
  return page(
    200,
    "Connected",
    html`<p><strong>${app.name}</strong> is connected to <strong>${organisationName}</strong>. You can close this page.</p>`,
  );
}

export function declinedPage(app: CustomConnectionApp): Answer {
  return page(200, "Declined", html`<p><strong>${app.name}</strong> gets no access. You can close this page.</p>`);
}

const regionServed = (choice: Choice): boolean => CUSTOM_CONNECTION_COUNTRIES.includes(choice.organisation.countryCode);
const isOpen = (choice: Choice): boolean => choice.mayConnect && regionServed(choice);

function row(choice: CustomChoice, chosen: string | null): Html {
  const { organisation, role } = choice;
  const id = `organisation-${organisation.id}`;
  const able = isOpen(choice);
  const flags = new Html(`${able ? "required" : "disabled"}${able && chosen === organisation.id ? " checked" : ""}`);
  return html`<div class="${able ? "row" : "row off"}">
    <input type="radio" id="${id}" name="organisation" value="${organisation.id}" ${flags} aria-describedby="${id}-about">
    <label for="${id}">${organisation.name}</label>
    <small id="${id}-about">${role}. ${about(choice)}</small>
  </div>`;
}

function about(choice: CustomChoice): string {
  if (!choice.mayConnect)
    return `The role ${choice.role} may not connect apps: ask somebody with the Standard or Adviser role.`;
  if (!regionServed(choice))
    return "Custom Connections exist for organisations in Australia, New Zealand, the United Kingdom and the United States only.";
  if (choice.organisation.isDemoCompany) return "Free for a demo company.";
  return choice.bought
    ? "Bought."
    : `Has to be bought first: ${prices[choice.organisation.countryCode] ?? "a subscription"} a month.`;
}

// developer.xero.com, custom connections: with GST in Australia, before tax elsewhere.
const prices: Readonly<Record<string, string>> = { AU: "10 AUD", NZ: "10 NZD", GB: "5 GBP", US: "5 USD" };

const switchForm = (facts: { readonly request: string; readonly csrf: string }): Html => html`
    <form method="post" action="/identity/custom-connections/switch">
      ${hidden(facts)}
      <button type="submit" class="plain">Use another account</button>
    </form>`;
