import type { GrantId, GrantState, Lease, TokenVersionId } from "@evergrant/core";
import type { JournalRecord, NoticeEntry, StoredGrant, TokenVersion } from "@evergrant/keeper/parts";
import type { PlacedFault } from "../plan/plan.ts";
import type { EndingKind } from "./ending-kind.ts";

/** Something that happened in a world, at its true time. What checkers are fed with. */
export type HistoryEvent = { readonly atMs: number } & Happening;
export type EventKind = HistoryEvent["kind"];
export type EventOf<Kind extends EventKind> = HistoryEvent & { readonly kind: Kind };

export type Happening =
  | { readonly kind: "phase"; readonly phase: "chaos" | "heal" | "quiet" | "end" }
  | { readonly kind: "fault"; readonly fault: PlacedFault }
  | { readonly kind: "started" | "crashed" | "stopped" | "disk-lost"; readonly node: string; readonly detail: string }
  | { readonly kind: "paused"; readonly node: string; readonly forMs: number }
  /** A change of one grant, committed. */
  | ({ readonly kind: "stored" } & StoredEvent)
  /** The shared store went back to an earlier state. */
  | { readonly kind: "rewound"; readonly toMs: number }
  | { readonly kind: "journaled"; readonly node: string; readonly record: JournalRecord }
  | ({ readonly kind: "requested" } & RequestEvent)
  | {
      readonly kind: "executed";
      readonly request: number;
      readonly decision: string;
      readonly issued: IssuedTokens | null;
    }
  /** A request is over for the network: it was executed, or it never will be. */
  | { readonly kind: "gone"; readonly request: number }
  /** What the node that asked was told. */
  | { readonly kind: "answered"; readonly request: number; readonly node: string; readonly outcome: EndingKind }
  | ServedEvent
  | {
      readonly kind: "refused";
      readonly node: string;
      readonly connection: string;
      readonly grant: GrantId | null;
      readonly code: string;
      readonly text: string;
    }
  | { readonly kind: "failed"; readonly node: string; readonly what: string; readonly text: string }
  /** Many callers asked at once; `clean`: no fault was active. */
  | {
      readonly kind: "storm";
      readonly connection: string;
      readonly grant: GrantId;
      readonly callers: number;
      readonly clean: boolean;
    }
  /** What people did: at the provider, or as operators. */
  | { readonly kind: "person"; readonly did: PersonDid; readonly connection: string; readonly grant: GrantId | null }
  /** An occasion to look at what holds at all times. */
  | { readonly kind: "tick"; readonly allGood: boolean; readonly storeGood: boolean };

export type PersonDid = "consented" | "revoked" | "disconnected" | "disabled" | "enabled" | "removed";

export interface StoredEvent {
  readonly node: string;
  readonly grant: GrantId;
  readonly before: GrantState;
  readonly after: GrantState;
  readonly leaseBefore: Lease;
  readonly lease: Lease;
  readonly audit: readonly { readonly event: string; readonly facts: Readonly<Record<string, unknown>> }[];
  readonly notices: readonly NoticeEntry[];
  readonly tokens: readonly TokenVersion[];
  readonly stored: StoredGrant;
}

export interface RequestEvent {
  readonly request: number;
  readonly node: string;
  readonly life: number;
  readonly grantType: "refresh_token" | "authorization_code" | "client_credentials";
  /** The single-use value presented; empty for client credentials. */
  readonly presents: string;
}

export interface IssuedTokens {
  readonly accessToken: string;
  readonly refreshToken: string | null;
  readonly familyId: string | null;
}

export interface ServedEvent {
  readonly kind: "served";
  readonly node: string;
  readonly connection: string;
  readonly grant: GrantId;
  readonly accessToken: string;
  readonly expiresInMs: number;
  /** Whom this connection's tokens belong to, at the provider. */
  readonly owner: string;
  /** When the connection was disabled, if it was when the token was asked for. */
  readonly disabledSinceMs: number | null;
  /** Its node could not know what time it is. */
  readonly misled: boolean;
}

/** Takes what happens, keeps the last of it, and folds all of it into one number: the same seed, the same number. */
export class History {
  readonly #now: () => number;
  readonly #kept: number;
  readonly #last: HistoryEvent[] = [];
  readonly #watchers = new Map<EventKind, ((event: HistoryEvent) => void)[]>();
  #hash = 0x811c_9dc5;
  #other = 0x1b87_3593;
  count = 0;

  constructor(now: () => number, kept: number) {
    this.#now = now;
    this.#kept = kept;
  }

  /** Feeds whoever watches with the events of these kinds, in the order in which they came to watch. */
  watch<Kind extends EventKind>(kinds: readonly Kind[], watcher: (event: EventOf<Kind>) => void): void {
    const own = watcher as (event: HistoryEvent) => void;
    for (const kind of kinds) {
      const known = this.#watchers.get(kind);
      if (known === undefined) this.#watchers.set(kind, [own]);
      else known.push(own);
    }
  }

  record(happening: Happening): void {
    const event: HistoryEvent = { ...happening, atMs: this.#now() };
    this.count += 1;
    this.#fold(event.atMs);
    this.#foldText(digestOf(event));
    this.#last.push(event);
    if (this.#last.length >= 2 * this.#kept) this.#last.splice(0, this.#kept);
    const watchers = this.#watchers.get(event.kind);
    if (watchers !== undefined) for (const watcher of watchers) watcher(event);
  }

  get hash(): string {
    return hex(this.#hash) + hex(this.#other);
  }

  last(count: number): readonly HistoryEvent[] {
    return this.#last.slice(-count);
  }

  #foldText(text: string): void {
    for (let at = 0; at < text.length; at += 1) this.#fold(text.charCodeAt(at));
  }

  #fold(value: number): void {
    this.#hash = Math.imul(this.#hash ^ (value | 0), 0x0100_0193);
    this.#other = Math.imul(this.#other ^ (this.#hash >>> 7), 0x85eb_ca6b);
  }
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, "0");
}

/** What of an event enters the hash: enough to tell two histories apart, short enough to be folded each time. */
function digestOf(event: HistoryEvent): string {
  switch (event.kind) {
    case "stored":
      return `${event.node}${event.grant}${event.after.kind}${event.lease.fence}${event.audit[0]?.event ?? ""}`;
    case "requested":
      return `${event.node}${event.presents}`;
    case "executed":
      return `${event.request}${event.decision}${event.issued?.accessToken ?? ""}`;
    case "journaled":
      return `${event.node}${event.record.kind}${event.record.attempt}`;
    case "served":
      return `${event.node}${event.connection}${event.accessToken}`;
    case "answered":
      return `${event.request}${event.outcome}`;
    case "refused":
      return `${event.node}${event.connection}${event.code}`;
    default:
      return event.kind;
  }
}

/** One line for people. */
export function describe(event: HistoryEvent, startMs: number): string {
  const at = ((event.atMs - startMs) / 1000).toFixed(3).padStart(12);
  return `${at}s ${event.kind.padEnd(9)} ${detailOf(event)}`;
}

function detailOf(event: HistoryEvent): string {
  switch (event.kind) {
    case "stored":
      return `${event.node} ${event.grant} ${stateLine(event.before)} -> ${stateLine(event.after)} fence ${event.lease.fence} ${event.audit.map((entry) => `${entry.event} ${JSON.stringify(entry.facts)}`).join("; ")}`;
    case "requested":
      return `#${event.request} ${event.node}.${event.life} ${event.grantType} ${event.presents}`;
    case "executed":
      return `#${event.request} ${event.decision}${event.issued === null ? "" : ` -> ${event.issued.refreshToken ?? "no refresh token"}`}`;
    case "answered":
      return `#${event.request} ${event.node} ${event.outcome}`;
    case "journaled":
      return `${event.node} ${event.record.kind} ${event.record.attempt}`;
    case "fault":
      return JSON.stringify(event.fault);
    default: {
      const { atMs: _atMs, kind: _kind, ...rest } = event;
      return JSON.stringify(rest);
    }
  }
}

function stateLine(state: GrantState): string {
  if (!("chain" in state)) return state.kind;
  const { chain } = state;
  const head: TokenVersionId | null = chain.renewal.kind === "refresh-token" ? chain.renewal.head.version : null;
  const suspect = chain.renewal.kind === "refresh-token" && chain.renewal.suspect !== null ? " suspect" : "";
  return `${state.kind} g${chain.generation} ${head ?? "app"}${suspect}${chain.attempt === null ? "" : ` (${chain.attempt.id})`}`;
}
