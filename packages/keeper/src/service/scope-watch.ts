import type { Renewed } from "@evergrant/core";
import type { StoredGrant } from "../ports/grant-store.ts";
import type { NoticeEntry } from "../ports/records.ts";
import type { App } from "./app-directory.ts";
import { missingScopes } from "./scopes.ts";

const REMEMBERED = 10_000;

/** Sees that a renewed grant lacks scopes that its app asks for, and says so once in the life of a process; the outbox tells it once. */
export class ScopeWatch {
  readonly #told = new Set<string>();

  noticesFor(grant: StoredGrant, app: App, renewed: Renewed): readonly NoticeEntry[] {
    const missing = missingScopes(app.stored.scopes, renewed.access.scope).join(" ");
    const key = `${grant.id}:${missing}`;
    if (missing === "" || this.#told.has(key)) return [];
    if (this.#told.size >= REMEMBERED) this.#told.clear();
    this.#told.add(key);
    const subject = { kind: "grant", id: grant.id } as const;
    return [{ notice: "scope-missing", subject, atMs: renewed.sentAtMs, facts: { missing } }];
  }
}
