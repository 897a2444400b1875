import type { ConsentOffer } from "@evergrant/keeper";
import { html } from "./html.ts";
import type { Page } from "./page.ts";

/** The page behind a consent link: who asks for what, and one button. Showing it changes nothing. */
export function consentPage(offer: ConsentOffer, link: { readonly action: string; readonly host: string }): Page {
  const { providerName, appName, scopes, expectedTenant } = offer;
  return {
    title:
      offer.purpose === "first"
        ? `${appName} asks for access to ${providerName}`
        : `${appName} asks for access to ${providerName} again`,
    body: html`<p>${
      offer.purpose === "first"
        ? `You are asked to let ${appName} reach an organisation of yours in ${providerName}. Next, ${providerName} asks you to log in and to say yes or no.`
        : `You or a colleague gave this access before. ${providerName} needs a person to confirm it once more.`
    }</p>
<dl>
<dt>Who asks</dt><dd>${askedBy(offer.requestedBy, link.host)}</dd>
<dt>For</dt><dd>${offer.connection}</dd>
<dt>System</dt><dd>${providerName}</dd>
${expectedTenant === null ? null : html`<dt>Organisation</dt><dd>${expectedTenant}</dd>`}
</dl>
${expectedTenant === null ? null : html`<p>Please choose <strong>${expectedTenant}</strong> when ${providerName} asks you.</p>`}
<details>
<summary>What it may do (${String(scopes.length)} ${scopes.length === 1 ? "scope" : "scopes"})</summary>
<ul>${scopes.map((scope) => html`<li><code>${scope}</code></li>`)}</ul>
</details>
<form method="post" action="${link.action}">
<button type="submit">Continue to ${providerName}</button>
</form>
<p class="aside">If you did not expect this, close this page. Opening it has changed nothing.</p>`,
  };
}

// The first operator is whoever set the server up: that says which server asks, not which person.
function askedBy(requestedBy: string, host: string): string {
  return requestedBy === "operator" ? `the operator of ${host}` : `${requestedBy} (${host})`;
}
