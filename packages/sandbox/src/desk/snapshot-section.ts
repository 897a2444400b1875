import { type Html, html } from "../http/html.ts";
import { deskForm, rowButton, textField } from "./forms.ts";
import type { DeskVisit } from "./visit.ts";
import { instantText } from "./words.ts";

/** The kept snapshots, each with the two ways back. */
export function keptSnapshots({ control }: DeskVisit): Html {
  const kept = control.snapshots();
  if (kept.length === 0) return html`<p>None is kept.</p>`;
  return html`<table><thead><tr><th>snapshot</th><th>taken at (UTC)</th><th></th></tr></thead><tbody>${kept.map(
    ({ name, takenAtMs }) =>
      html`<tr><td>${name}</td><td>${instantText(takenAtMs)}</td><td><div class="buttons">${rowButton("snapshots/restore", "Restore, time goes on", { name })}${rowButton("snapshots/restore", "Rewind, time too", { name, clock: "rewind" })}${rowButton("snapshots/remove", "Remove snapshot", { name })}</div></td></tr>`,
  )}</tbody></table>`;
}

/** Takes a snapshot of everything and keeps it under a name. */
export const snapshotForm = ({ value }: DeskVisit): Html =>
  deskForm(
    "snapshots/keep",
    html`${textField("name", "name", { value: value("name"), hint: "before" })} <button type="submit">Take a snapshot</button>`,
  );
