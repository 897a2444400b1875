import type { GraceClosesWhen, GraceRetry } from "@evergrant/core";

/** What the provider does when a spent refresh token is presented again. `strict` has no grace at all. */
export interface ProviderMode {
  readonly name: ProviderModeName;
  readonly rotation: "grace" | "strict";
  readonly retry: GraceRetry;
  readonly closesWhen: GraceClosesWhen;
  /** Reuse outside the grace: refused alone, or every token of that consent dies with it (RFC 9700 §4.14.2). */
  readonly reuse: "refused" | "family-revoked";
}

export type ProviderModeName = "same" | "sibling" | "supersede" | "successor-used" | "closing-grace" | "strict";

const GRACE = { rotation: "grace", closesWhen: "never", reuse: "refused" } as const;

/** Every mode of the model. `closing-grace` is the harshest that still has a grace. */
export const PROVIDER_MODES: { readonly [Name in ProviderModeName]: ProviderMode } = {
  same: { ...GRACE, name: "same", retry: "same" },
  sibling: { ...GRACE, name: "sibling", retry: "sibling" },
  supersede: { ...GRACE, name: "supersede", retry: "supersede" },
  "successor-used": { ...GRACE, name: "successor-used", retry: "sibling", closesWhen: "successor-used" },
  "closing-grace": {
    name: "closing-grace",
    rotation: "grace",
    retry: "supersede",
    closesWhen: "successor-used",
    reuse: "family-revoked",
  },
  strict: {
    name: "strict",
    rotation: "strict",
    retry: "supersede",
    closesWhen: "successor-used",
    reuse: "family-revoked",
  },
};

/** The modes in which a lost answer can be made good. */
export const MODES_WITH_GRACE: readonly ProviderMode[] = Object.values(PROVIDER_MODES).filter(
  (mode) => mode.rotation === "grace",
);
