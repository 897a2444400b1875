import { type Html, html } from "../http/html.ts";
import type { JournalEntry } from "../request-journal.ts";
import { rowButton } from "./forms.ts";
import type { DeskVisit } from "./visit.ts";
import { instantText, shortened } from "./words.ts";

const mostLines = 100;

/** The latest requests, newest first. */
export function journalSection({ control }: DeskVisit): Html {
  const entries = control.requests();
  const names = new Map(control.apps().map(({ clientId, name }) => [clientId, name]));
  if (entries.length === 0) return html`<p>No request came yet.</p>`;
  return html`<p>${entries.length > mostLines ? `The latest ${mostLines} of ${entries.length}. ` : ""}All: <code>GET /__sandbox/requests</code></p>
    ${rowButton("requests/clear", "Clear the journal", {})}
    <table><thead><tr><th>no.</th><th>time (UTC)</th><th>endpoint</th><th>request</th><th>app</th><th>outcome</th><th>status</th><th>committed</th><th>token, generation</th><th>fault</th></tr></thead><tbody>${entries
      .slice(-mostLines)
      .toReversed()
      .map((entry) => line(entry, names))}</tbody></table>`;
}

function line(entry: JournalEntry, names: ReadonlyMap<string, string>): Html {
  const { id, atMs, endpoint, method, path, grantType, clientId, outcome, status, committed, token, fault } = entry;
  const app = clientId === null ? "" : (names.get(clientId) ?? shortened(clientId));
  return html`<tr class="${fault === null ? "" : "struck"}"><td>${String(id)}</td><td>${instantText(atMs)}</td><td>${endpoint}</td><td>${method} ${path}${grantType === null ? "" : ` ${grantType}`}</td><td>${app}</td><td>${outcome}</td><td>${status === null ? "none" : String(status)}</td><td>${committed ? "yes" : ""}</td><td>${token === null ? "" : `${token.hashPrefix}… ${token.generation ?? "unknown"}`}</td><td>${fault === null ? "" : `${fault.id}: ${fault.action}, ${fault.point}`}</td></tr>`;
}
