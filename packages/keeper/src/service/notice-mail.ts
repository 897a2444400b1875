import type { Mail } from "../ports/channels.ts";
import type { NoticeWords } from "./notice-words.ts";

/** Notices that one mail tells of in full; of the rest it says how many there are. */
const TOLD_IN_FULL = 50;

/** One mail for one notice, or for all that came together. Nothing of it is taken as markup, whatever names hold. */
export function noticeMail(all: readonly NoticeWords[], to: { readonly address: string; readonly id: string }): Mail {
  const shown = all.slice(0, TOLD_IN_FULL);
  const rest = all.length - shown.length;
  const more = rest === 0 ? [] : [`… and ${rest} more. See: evergrant notices deliveries`];
  return {
    to: to.address,
    id: to.id,
    subject: subjectOf(all),
    text: [...shown.map(asText), ...more, FOOT].join("\n\n"),
    html: page([...shown.map(asHtml), ...more.map(paragraph), `<hr>${paragraph(FOOT)}`].join("\n")),
  };
}

const FOOT = "Sent by Evergrant, which keeps these connections alive. Who is told is set with: evergrant notices";

function subjectOf(all: readonly NoticeWords[]): string {
  const [first] = all;
  const title = oneLine(first?.title ?? "");
  return all.length === 1 ? title : `${all.length} notices: ${title}, and more`;
}

function asText({ title, sentences, action, atMs }: NoticeWords): string {
  const link = action === null ? [] : ["", `${action.label}:`, action.url];
  return [oneLine(title), `(${new Date(atMs).toISOString()})`, "", ...sentences.map(oneLine), ...link].join("\n");
}

function asHtml({ title, sentences, action, atMs }: NoticeWords): string {
  const link = action === null ? "" : `<p><a href="${escaped(action.url)}">${escaped(action.label)}</a></p>`;
  const when = `<p><small>${new Date(atMs).toISOString()}</small></p>`;
  return `<h2>${escaped(oneLine(title))}</h2>${when}\n${sentences.map(paragraph).join("\n")}${link}`;
}

const page = (body: string): string =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><body>${body}</body></html>`;
const paragraph = (text: string): string => `<p>${escaped(oneLine(text))}</p>`;

// A name may hold anything; a subject is one line, and a line of text cannot pass for another.
const oneLine = (text: string): string => text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ").trim();

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
