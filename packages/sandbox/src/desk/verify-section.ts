import { type Html, html } from "../http/html.ts";
import type { DeskVisit } from "./visit.ts";
import { instantText, shortened } from "./words.ts";

/** The invariant report in words. */
export function verifySection({ control }: DeskVisit): Html {
  const report = control.verify();
  const lines = [
    ...report.forks.map(
      ({ tokenHash, generation, usedSuccessors }) =>
        `Fork: of token ${shortened(tokenHash)}, generation ${generation}, ${usedSuccessors} successors were used.`,
    ),
    ...report.usedAfterRevoke.map(
      ({ kind, id, revokedAtMs, usedAtMs }) =>
        `Used after revocation: ${kind} token ${shortened(id)}, revoked ${instantText(revokedAtMs)}, used ${instantText(usedAtMs)}.`,
    ),
    ...report.usedAfterExpiry.map(
      ({ kind, id, expiresAtMs, usedAtMs }) =>
        `Used after its end: ${kind} token ${shortened(id)}, ended ${instantText(expiresAtMs)}, used ${instantText(usedAtMs)}.`,
    ),
    ...report.lostGrants.map(({ grantId, because }) => `Lost grant: ${nameOf(control, grantId)}, ${because}.`),
  ];
  return html`<p class="${report.ok ? "live" : "bad"}" id="verdict">${report.ok ? "No fork, no token used after its revocation or its end." : "Something happened that must not."}</p>
    <p>${String(report.liveGrants)} of ${String(report.grants)} grants live, ${String(report.refreshTokens)} refresh tokens, ${String(report.refusals)} refusals.</p>
    ${lines.length === 0 ? null : html`<ul>${lines.map((text) => html`<li>${text}</li>`)}</ul>`}`;
}

function nameOf(control: DeskVisit["control"], grantId: string): string {
  const grant = control.grants().find(({ id }) => id === grantId);
  const app = control.apps().find(({ clientId }) => clientId === grant?.clientId)?.name;
  const person = control.users().find(({ id }) => id === grant?.userId)?.email;
  return app === undefined || person === undefined ? grantId : `${app} for ${person}`;
}
