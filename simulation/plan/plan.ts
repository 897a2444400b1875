import type { Point } from "@evergrant/keeper/parts";
import type { LivesName, ModeName } from "../world/modes.ts";

/** A whole world and everything that will go wrong in it: data, so that it can be kept, replayed and made shorter. */
export interface Plan {
  readonly seed: number;
  readonly mode: ModeName;
  readonly lives: LivesName;
  readonly nodes: number;
  readonly connections: number;
  /** How many of them are asked for again and again, at the pace; the rest once a day or never. */
  readonly hot: number;
  readonly pace: Pace;
  readonly chaosMs: number;
  /** Largest difference of a node's wall clock from the true time. */
  readonly skewMs: number;
  readonly rates: Rates;
  readonly faults: readonly PlacedFault[];
}

/** How often those at work are asked for, and how often everything is looked at that holds at all times. */
export const PACES = {
  lively: { askedEveryMs: 10 * 60_000, tickMs: 30 * 60_000 },
  calm: { askedEveryMs: 50 * 60_000, tickMs: 3 * 3_600_000 },
  /** Mostly so seldom that nothing but a caller brings the next request: nobody notices what was forgotten of it. */
  sparse: { askedEveryMs: 6 * 3_600_000, tickMs: 3 * 3_600_000 },
} as const;
export type Pace = keyof typeof PACES;

export const RATE_NAMES = [
  "request-lost",
  "answer-lost",
  "late-execution",
  "duplicate",
  "slow-answer",
  "rate-limited",
  "error-after-execute",
  "error-before-execute",
  "html-instead-of-tokens",
  "connection-refused",
  "spurious-refusal",
  "pause-in-send",
  "tenants-unreachable",
  "store-lost",
  "store-ack-lost",
  "store-slow",
  "journal-slow",
] as const;
export type RateName = (typeof RATE_NAMES)[number];

/** The share of requests, or of store or journal writes, that each of these befalls. */
export type Rates = { readonly [Name in RateName]?: number };

/** The named points of the protocol, and two that have no name in the code: before the intent, and while the journal is replayed. */
export type CrashPoint = "before-intent" | Point | "replay";

/** How the attempt stood in whose course a process ended: not answered yet, or answered and classified so. */
export const CRASH_OUTCOMES = ["pending", "success", "ambiguous", "rejected", "not-executed", "app-error"] as const;
export type CrashOutcome = (typeof CRASH_OUTCOMES)[number];

/** The named points of the protocol, and one without a name: as a grant is read, before anything is decided about it. */
export type LeapPoint = "grant-read" | Point;

/** A fault with its instant, counted from the beginning of the chaos. */
export type PlacedFault = { readonly atMs: number } & (
  | { readonly kind: "crash"; readonly node: number; readonly downMs: number; readonly disk: "kept" | "lost" }
  /** From then on, the next time this node passes the point. */
  | {
      readonly kind: "crash-at-point";
      readonly node: number;
      readonly point: CrashPoint;
      readonly downMs: number;
      /** Only when the attempt stands so; left out: however it stands. */
      readonly outcome?: CrashOutcome;
    }
  | { readonly kind: "deploy"; readonly node: number; readonly downMs: number }
  | { readonly kind: "pause"; readonly node: number; readonly forMs: number; readonly how: "stopped" | "suspended" }
  | { readonly kind: "clock-jump"; readonly node: number; readonly byMs: number }
  /** Its wall clock is set wrong, by more than any two may differ, and later set right again. */
  | {
      readonly kind: "clock-leap";
      readonly node: number;
      readonly byMs: number;
      readonly forMs: number;
      /** From then on, the next time this node is there; left out: at once, which is hardly ever in the midst of something. */
      readonly amid?: LeapPoint;
    }
  /** The clock of the database that nodes share is set wrong, and later set right again. */
  | { readonly kind: "store-clock-leap"; readonly byMs: number; readonly forMs: number }
  | { readonly kind: "store-down"; readonly forMs: number }
  | { readonly kind: "partition"; readonly node: number; readonly forMs: number }
  | { readonly kind: "fail-over"; readonly losesMs: number; readonly downMs: number }
  | { readonly kind: "disk-full"; readonly node: number; readonly forMs: number }
  | { readonly kind: "fsync-error"; readonly node: number; readonly forMs: number }
  | { readonly kind: "provider-down"; readonly how: "refuses" | "swallows" | "html"; readonly forMs: number }
  /** One node's own way to the provider, while the others get through. */
  | {
      readonly kind: "way-cut";
      readonly node: number;
      readonly how: "refuses" | "swallows" | "loses-answers";
      readonly forMs: number;
    }
  | { readonly kind: "secret-replaced"; readonly toldAfterMs: number }
  | { readonly kind: "revoked-by-person"; readonly connection: number; readonly consentsAgainAfterMs: number }
  | { readonly kind: "disconnected-at-provider"; readonly connection: number; readonly consentsAgainAfterMs: number }
  | { readonly kind: "consent-again"; readonly connection: number }
  | { readonly kind: "disabled"; readonly connection: number; readonly forMs: number }
  | { readonly kind: "storm"; readonly connection: number; readonly callers: number }
);
export type FaultKind = PlacedFault["kind"];
