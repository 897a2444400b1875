import type { Faults } from "./faults.ts";
import type { Protocol } from "./protocol.ts";
import type { ProviderMode } from "./provider-mode.ts";
import type { Ticks } from "./ticks.ts";

/** What holds in every state of one search. */
export interface Laws {
  readonly mode: ProviderMode;
  readonly protocol: Protocol;
  readonly ticks: Ticks;
  /** Whether the provider ends the first chain when the person consents again; nobody outside knows it of Xero. */
  readonly secondConsent: "keeps-first" | "ends-first";
}

/** One search: the laws, and how much may happen under them. */
export interface Plan extends Laws {
  readonly faults: Faults;
  /** Refreshes that fall due by schedule; recoveries and confirms come on top. */
  readonly refreshes: number;
  /** How often the person may consent again. */
  readonly reconsents: number;
  /** The search stops when it has seen this many states. */
  readonly maxStates: number;
}

export type InvariantName =
  | "I1 no false death"
  | "I2 durable knowledge"
  | "I3 monotone head"
  | "I16 no cross-chain revival";

export type Verdict =
  /** Every reachable state was seen; none violates an invariant. */
  | { readonly kind: "exhausted"; readonly states: number }
  /** None so far, but the search was cut at its bound. */
  | { readonly kind: "bounded"; readonly states: number }
  /** `steps` is a shortest history that ends in a violation, one sentence per step. */
  | {
      readonly kind: "violated";
      readonly states: number;
      readonly invariant: InvariantName;
      readonly steps: readonly string[];
    };
