import type { FaultActionKind, FaultPoint } from "./fault-table.ts";

/** One request as the sandbox saw it. Tokens appear as the first 12 hex digits of their SHA-256. */
export interface JournalEntry {
  readonly id: number;
  readonly atMs: number;
  readonly endpoint: string;
  readonly method: string;
  readonly path: string;
  readonly grantType: string | null;
  readonly clientId: string | null;
  /** What was decided, e.g. `rotate`, `retry-sibling`, `reuse`, `expired`, `ok`, `scope-missing`; `not-executed` if a fault came first. */
  readonly outcome: string;
  /** null: the connection was closed without a status. */
  readonly status: number | null;
  readonly token: { readonly hashPrefix: string; readonly generation: number | null } | null;
  /** Whether the request changed the ledger in the way it asked for: tokens issued, a grant revoked, a connection deleted. */
  readonly committed: boolean;
  readonly fault: { readonly id: string; readonly point: FaultPoint; readonly action: FaultActionKind } | null;
}

/** The latest requests, in order. */
export interface RequestJournal {
  add(entry: Omit<JournalEntry, "id">): void;
  list(): readonly JournalEntry[];
  /** Another number after every change. */
  revision(): number;
  clear(): void;
}

const longest = 20_000;

export function createRequestJournal(): RequestJournal {
  let entries: JournalEntry[] = [];
  let count = 0;
  let clearings = 0;
  return {
    add(entry) {
      count += 1;
      entries.push({ id: count, ...entry });
      if (entries.length > longest) entries = entries.slice(-longest / 2);
    },
    list: () => [...entries],
    revision: () => count + clearings,
    clear: () => {
      clearings += 1;
      entries = [];
    },
  };
}
