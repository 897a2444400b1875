import type { SpendReason, WarningLevel } from "./grant.ts";
import type { TokenVersionId } from "./ids.ts";

/** What to do next with a grant, and why. */
export type Step =
  /** Present this refresh token. */
  | { readonly kind: "spend"; readonly token: TokenVersionId; readonly because: SpendReason }
  /** Ask with the app's own credentials (client credentials). */
  | { readonly kind: "request"; readonly because: SpendReason }
  | { readonly kind: "declare-lost" }
  | { readonly kind: "warn"; readonly level: WarningLevel }
  | { readonly kind: "rest"; readonly untilMs: number; readonly because: RestReason }
  /** Nothing to do until something happens to it. */
  | { readonly kind: "sleep" };

export type RestReason =
  | "not-due"
  | "attempt-in-flight"
  | "backing-off"
  | "court-spacing"
  | "past-grace-hold"
  | "next-poll"
  | "provider-silent"
  | "store-mending"
  | "paced";
