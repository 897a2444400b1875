import { Html, html } from "./html.ts";
import { PAGE_STYLE, PAGE_STYLE_HASH } from "./page-style.ts";

/** A whole page: no script, nothing from anywhere else. */
export interface Page {
  readonly title: string;
  readonly body: Html;
  /** Small print at the end, such as the code of a refusal. */
  readonly footnote?: string;
  /** Loads itself again after so many seconds. */
  readonly reloadSeconds?: number;
  /** Where it goes on to at once, an address of ours; never with `reloadSeconds`. */
  readonly goesTo?: string;
}

export function renderPage(page: Page): string {
  const refresh = page.goesTo === undefined ? page.reloadSeconds?.toString() : `0; url=${page.goesTo}`;
  const reload = refresh === undefined ? null : html`<meta http-equiv="refresh" content="${refresh}">`;
  const footnote = page.footnote === undefined ? null : html`<footer>${page.footnote}</footer>`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">${reload}
<title>${page.title}</title>
<style>${new Html(PAGE_STYLE)}</style>
</head>
<body>
<main>
<article>
<h1>${page.title}</h1>
${page.body}
</article>
${footnote}
</main>
</body>
</html>
`.text;
}

/**
 * What a page may do: show its own style, and send its form to where `formTargets` says.
 * Browsers hold redirects after a form to this list too.
 */
export function pagePolicy(formTargets: readonly string[]): string {
  const targets = formTargets.length === 0 ? "'none'" : formTargets.join(" ");
  return `default-src 'none'; style-src '${PAGE_STYLE_HASH}'; form-action ${targets}; base-uri 'none'; frame-ancestors 'none'`;
}
