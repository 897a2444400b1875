import type { Answer } from "../http/answer.ts";
import { type Html, html } from "../http/html.ts";
import { PORTAL_PATH } from "../portal/visit.ts";
import { rowButton } from "./forms.ts";
import { SECTIONS, type Section } from "./sections.ts";
import { DESK_PATH, type DeskVisit } from "./visit.ts";

/** The page as a whole, with what went wrong, if anything did. */
export function deskPage(visit: DeskVisit, problem: { readonly status: number; readonly text: string } | null): Answer {
  const body = html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Sandbox</title>
<link rel="stylesheet" href="${DESK_PATH}/style.css"><script src="${DESK_PATH}/live.js" defer></script></head>
<body data-live="${DESK_PATH}/live">
<header><h1>Sandbox</h1><nav>${SECTIONS.map(({ id, title }) => html`<a href="#${id}">${title}</a>`)}<a href="${PORTAL_PATH}">Portal</a></nav>
<span id="link" role="status"></span><details class="reset"><summary>Reset</summary>${rowButton("reset", "Reset everything", {})}</details></header>
${problem === null ? null : html`<p role="alert" class="bad">${problem.text}</p>`}
<main>${SECTIONS.map((section) => sectionHtml(section, visit))}</main></body>
</html>`;
  return { status: problem?.status ?? 200, headers: pageHeaders, body: body.text };
}

const sectionHtml = (
  section: Section,
  visit: DeskVisit,
): Html => html`<section id="${section.id}"><h2>${section.title}</h2>
<div id="live-${section.id}">${section.live(visit)}</div>${section.form?.(visit) ?? null}</section>`;

const pageHeaders = {
  "content-type": "text/html; charset=utf-8",
  "cache-control": "no-store",
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  "referrer-policy": "same-origin",
  "x-content-type-options": "nosniff",
};
