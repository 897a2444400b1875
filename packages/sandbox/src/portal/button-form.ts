import { type Html, html } from "../http/html.ts";
import { hidden } from "../http/pages.ts";
import { appAddress, type Visit } from "./visit.ts";

/** A form of an app's page with one button. */
export const buttonForm = (
  visit: Visit,
  button: { readonly path: string; readonly text: string; readonly more?: Html },
): Html => html`
    <form method="post" action="${appAddress(visit.id)}/${button.path}">
      ${hidden({ request: "", csrf: visit.csrf })}${button.more ?? null}
      <button type="submit" class="plain">${button.text}</button>
    </form>`;
