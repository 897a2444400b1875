import type { CustomConnectionView } from "../control/custom-connection-view.ts";
import { CONSENT_SCOPES, IDENTITY_SCOPES } from "../engine/index.ts";
import type { Answer } from "../http/answer.ts";
import type { FormBody } from "../http/form-body.ts";
import { Html, html } from "../http/html.ts";
import { hidden, page } from "../http/pages.ts";
import { PORTAL_PATH, type Visit } from "./visit.ts";

type Form = Extract<FormBody, { readonly kind: "form" }>;

const identity: readonly string[] = IDENTITY_SCOPES;
/** What a Custom Connection may be made with; some of these only for older ones. */
const offered = CONSENT_SCOPES.filter((scope) => !identity.includes(scope));

/** The page to make a Custom Connection. */
export function newConnectionPage({ control, csrf }: Visit, problem: string | null): Answer {
  return page(
    200,
    "New Custom Connection (sandbox)",
    html`
    <p>The authorising user gets a mail and chooses the organisation. Then generate a secret here and use it with the client id.</p>
    ${problem === null ? null : html`<p role="alert">${problem}</p>`}
    <form method="post" action="${PORTAL_PATH}/new">
      ${hidden({ request: "", csrf })}
      ${connectionFields(
        null,
        control.users().map(({ email }) => email),
      )}
      <button type="submit">Save and connect</button>
    </form>
    <p><a href="${PORTAL_PATH}">My apps</a></p>`,
  );
}

/** The fields of a Custom Connection, filled in for one that exists. */
export function connectionFields(view: CustomConnectionView | null, emails: readonly string[]): Html {
  return html`
      <label for="name">App name</label>
      <input id="name" name="name" type="text" required maxlength="200" value="${view?.name ?? ""}">
      <label for="company-url">Company or application URL</label>
      <input id="company-url" name="company-url" type="url" maxlength="500" value="${view?.companyUrl ?? ""}">
      <label for="email">Email of the authorising user</label>
      <input id="email" name="email" type="email" list="people" required value="${view?.authorisingUser.email ?? ""}">
      <datalist id="people">${emails.map((email) => html`<option value="${email}"></option>`)}</datalist>
      <fieldset>
        <legend>Scopes</legend>
        ${offered.map((scope) => scopeRow(scope, view?.scopes.includes(scope) ?? false))}
      </fieldset>`;
}

/** Name, company URL and e-mail as a form says them. */
export function wishesOf(form: Form): { readonly name: string; readonly email: string; readonly companyUrl?: string } {
  const companyUrl = form.get("company-url") ?? "";
  const facts = { name: form.get("name") ?? "", email: (form.get("email") ?? "").trim() };
  return companyUrl === "" ? facts : { ...facts, companyUrl };
}

/** The scopes that are ticked in a form. */
export const chosenScopes = (form: Form): string[] => offered.filter((scope) => form.get(`scope.${scope}`) !== null);

const scopeRow = (scope: string, ticked: boolean): Html => html`<div class="row">
          <input type="checkbox" id="scope.${scope}" name="scope.${scope}" value="on"${new Html(ticked ? " checked" : "")}>
          <label for="scope.${scope}">${scope}</label>
        </div>`;
