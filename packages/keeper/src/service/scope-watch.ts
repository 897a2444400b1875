import type { Renewed } from "@evergrant/core";
import type { StoredGrant } from "../ports/grant-store.ts";
import type { NoticeEntry } from "../ports/records.ts";
import type { App } from "./app-directory.ts";
import { missingScopes } from "./scopes.ts";

const REMEMBERED = 10_000;

/** Sees that a renewed grant lacks scopes that its app asks for, and says so once in the life of a process; the outbox tells it once. */
export class ScopeWatch {
  readonly #told = new Set<string>();

  /** What is to be written with a renewal; it counts as told by `written` alone, as a transaction may come to nothing. */
  noticesFor(grant: StoredGrant, app: App, renewed: Renewed): readonly NoticeEntry[] {
    const missing = missingScopes(app, renewed.access.scope).join(" ");
    const notice = scopeNotice(grant, { missing, atMs: renewed.sentAtMs });
    return missing === "" || this.#told.has(keyOf(notice)) ? [] : [notice];
  }

  written(notices: readonly NoticeEntry[]): void {
    for (const notice of notices) {
      if (this.#told.size >= REMEMBERED) this.#told.clear();
      this.#told.add(keyOf(notice));
    }
  }
}

/** `missing`: what the app asks for and the grant lacks, with spaces between; empty where the API wants more than the app asks for. */
export function scopeNotice(
  { id }: Pick<StoredGrant, "id">,
  { missing, atMs }: { readonly missing: string; readonly atMs: number },
): NoticeEntry {
  return { notice: "scope-missing", subject: { kind: "grant", id }, atMs, facts: { missing } };
}

const keyOf = ({ subject, facts }: NoticeEntry): string => `${subject.id}:${facts["missing"]}`;
