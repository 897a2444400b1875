import type { Element } from "./values.ts";

/** How an element came: `create` (PUT), `save` (POST: update if it is there, else create), `update` (POST to its own address). */
export type WriteMode =
  | { readonly kind: "create" }
  | { readonly kind: "save" }
  | { readonly kind: "update"; readonly id: string };

/** What came of one element. An invalid one has changed nothing. */
export type WriteResult =
  | { readonly kind: "ok"; readonly id: string }
  | { readonly kind: "invalid"; readonly messages: readonly string[]; readonly echo: Element };

/** Collects what is wrong with an element. */
export interface Findings {
  add(problem: string | false | null | undefined): void;
  readonly messages: readonly string[];
}

export function findings(): Findings {
  const messages: string[] = [];
  return {
    messages,
    add(problem) {
      if (typeof problem === "string" && !messages.includes(problem)) messages.push(problem);
    },
  };
}

/** A finding if a text is longer than Xero allows. */
export const tooLong = (field: string, text: string | null | undefined, most: number): string | false =>
  (text ?? "").length > most && `The length of the field ${field} may be at most ${most} characters.`;
