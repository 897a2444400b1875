/** A fact that the provider documents, or the honest answer that nobody outside knows. */
export type Fact<T> = T | "unknown";

/** What happens when a spent refresh token is presented again inside the grace. */
export type GraceRetry = "same" | "sibling" | "supersede";
export type GraceAnchor = "first-use" | "last-use";
export type GraceDepth = "any" | "parent-only";
export type GraceClosesWhen = "never" | "successor-used";

export interface Grace {
  readonly kind: "grace";
  /** How long a spent refresh token may be presented again. */
  readonly seconds: number;
  readonly anchor: Fact<GraceAnchor>;
  readonly depth: Fact<GraceDepth>;
  readonly retry: Fact<GraceRetry>;
  readonly closesWhen: Fact<GraceClosesWhen>;
}

/**
 * How a provider treats refresh tokens when they are used.
 * `none`: the token stays the same. `grace`: replaced at each use, the spent one may be repeated for a while.
 * `confirm-on-use`: the spent one lives until the new access token is first used. `strict`: replaced, no grace,
 * reuse revokes the family (RFC 9700 §4.14.2). `unrevoked`: a new one each time, the old ones live on.
 */
export type Rotation =
  | { readonly kind: "none" }
  | Grace
  | { readonly kind: "confirm-on-use" }
  | { readonly kind: "strict" }
  | { readonly kind: "unrevoked" };

export const ROTATION_KINDS = [
  "none",
  "grace",
  "confirm-on-use",
  "strict",
  "unrevoked",
] as const satisfies readonly Rotation["kind"][];
export const GRACE_RETRIES = ["same", "sibling", "supersede"] as const satisfies readonly GraceRetry[];
export const GRACE_CLOSINGS = ["never", "successor-used"] as const satisfies readonly GraceClosesWhen[];

/** For how long after its first use a refresh token may be presented again without risking the chain. */
export type RepeatWindow =
  | { readonly kind: "always" }
  | { readonly kind: "never" }
  | { readonly kind: "for"; readonly ms: number };

export function repeatWindow(rotation: Rotation): RepeatWindow {
  switch (rotation.kind) {
    case "none":
    case "unrevoked":
    // The window closes only when the new access token is used, and an answer we never saw cannot have been used.
    case "confirm-on-use":
      return { kind: "always" };
    case "grace":
      return { kind: "for", ms: rotation.seconds * 1000 };
    case "strict":
      return { kind: "never" };
  }
}

/** Whether presenting a refresh token twice, or an old one of its line, ends nothing. */
export function spendsNothing(rotation: Rotation): boolean {
  return rotation.kind === "none" || rotation.kind === "unrevoked";
}
