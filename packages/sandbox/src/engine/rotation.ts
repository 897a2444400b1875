/** What a repeat of a spent refresh token inside the grace gives. */
export type GraceRetry = "same" | "sibling" | "supersede";

/**
 * A provider's rule for refresh tokens that were already used.
 * `seconds` counts from `anchor`; `maxUses` counts all uses of one token, the first included (null: no limit).
 * `depth: "parent-only"` accepts a spent token only while none of its successors was used;
 * `closesWhen: "successor-used"` says the same of the window itself.
 * `sameGives: "active"` lets a repeat under `same` hand out the token in use when the successor itself was spent;
 * `parentException` accepts a spent token at any time while none of its successors was used.
 */
export interface Grace {
  readonly kind: "grace";
  readonly seconds: number;
  readonly anchor: "first-use" | "last-use";
  readonly depth: "any" | "parent-only";
  readonly maxUses: number | null;
  readonly retry: GraceRetry;
  readonly closesWhen: "never" | "successor-used";
  readonly sameGives: "successor" | "active";
  readonly parentException: boolean;
}

/**
 * How refresh tokens are replaced.
 * `none`: the token stays. `grace`: replaced at each use, the spent one may be repeated for a while.
 * `confirm-on-use`: the spent one lives until the new access token (or the new refresh token) is first used.
 * `strict`: replaced at once (RFC 9700 §4.14.2). `unrevoked`: a new one each time, the old ones live on.
 */
export type Rotation =
  | { readonly kind: "none" }
  | Grace
  | { readonly kind: "confirm-on-use" }
  | { readonly kind: "strict" }
  | { readonly kind: "unrevoked" };

export type AfterGrace = "reject" | "revoke-family";

/** Everything that decides the life of a refresh token. All times in milliseconds. */
export interface RefreshPolicy {
  readonly rotation: Rotation;
  /** What a spent token outside its grace does. */
  readonly afterGrace: AfterGrace;
  readonly idleTtlMs: number;
  /** Whether each new (or each kept and used) refresh token starts its idle time afresh. */
  readonly sliding: boolean;
  /** End of the whole family counted from the consent; null: none. */
  readonly absoluteTtlMs: number | null;
}
