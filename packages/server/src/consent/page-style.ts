import { createHash } from "node:crypto";

/** The one style sheet of the pages: small, legible, light and dark. It stands in the page and is allowed by its hash. */
export const PAGE_STYLE = `
:root { color-scheme: light dark; --ink: #16211b; --soft: #55635b; --paper: #f4f6f4; --card: #fff; --line: #d6ddd8; --leaf: #0f6b3e; --on-leaf: #fff; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8efea; --soft: #a3b1a8; --paper: #121714; --card: #1b221e; --line: #35403a; --leaf: #58c48c; --on-leaf: #0b1a12; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1.0625rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 34rem; margin: 0 auto; padding: 3rem 1.25rem; }
article { background: var(--card); border: 1px solid var(--line); border-radius: 0.75rem; padding: 1.75rem; }
h1 { font-size: 1.4rem; line-height: 1.3; margin: 0 0 1rem; overflow-wrap: anywhere; }
p, ul, dl { margin: 0 0 1rem; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.25rem 1rem; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
ul { padding-left: 1.25rem; }
code { font: 0.9em ui-monospace, SFMono-Regular, Menlo, monospace; }
button { font: inherit; font-weight: 600; width: 100%; padding: 0.8rem 1rem; border: 0; border-radius: 0.5rem; background: var(--leaf); color: var(--on-leaf); cursor: pointer; }
button:focus-visible, a:focus-visible, summary:focus-visible { outline: 3px solid var(--leaf); outline-offset: 3px; }
summary { cursor: pointer; }
form { margin: 1.5rem 0 1rem; }
.aside, footer { color: var(--soft); font-size: 0.9rem; }
.aside { margin: 0; }
footer { margin-top: 1rem; text-align: center; }
`;

export const PAGE_STYLE_HASH = `sha256-${createHash("sha256").update(PAGE_STYLE).digest("base64")}`;
