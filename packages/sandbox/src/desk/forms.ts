import { Html, html } from "../http/html.ts";
import { DESK_PATH } from "./visit.ts";

/** A form of the desk. */
export const deskForm = (path: string, content: Html): Html =>
  html`<form method="post" action="${DESK_PATH}/${path}">${content}</form>`;

/** A button that does one thing to one row. */
export const rowButton = (path: string, text: string, hidden: Readonly<Record<string, string>>): Html =>
  deskForm(
    path,
    html`${Object.entries(hidden).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}<button type="submit" class="plain">${text}</button>`,
  );

export interface Choice {
  readonly value: string;
  readonly text: string;
  /** Attributes for the script: what goes with this choice. */
  readonly data?: Readonly<Record<string, string>>;
}

/** A list to choose from; `chosen` is selected. */
export const selectField = (
  name: string,
  label: string,
  list: { readonly choices: readonly Choice[]; readonly chosen: string },
): Html =>
  html`<label>${label} <select name="${name}">${list.choices.map(
    ({ value, text, data = {} }) =>
      html`<option value="${value}"${dataAttributes(data)}${new Html(value === list.chosen ? " selected" : "")}>${text}</option>`,
  )}</select></label>`;

/** A line of text or a number; `of`: the choices that it goes with. */
export const textField = (
  name: string,
  label: string,
  more: { readonly value: string; readonly hint?: string; readonly of?: string; readonly number?: boolean },
): Html =>
  html`<label${more.of === undefined ? null : dataAttributes({ of: more.of })}>${label} <input name="${name}" value="${more.value}" placeholder="${more.hint ?? ""}"${new Html(more.number === true ? ' inputmode="decimal"' : "")} autocomplete="off"></label>`;

const dataAttributes = (data: Readonly<Record<string, string>>): readonly Html[] =>
  Object.entries(data).map(([name, value]) => html` data-${name}="${value}"`);
