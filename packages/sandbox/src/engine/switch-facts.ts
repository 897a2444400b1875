export type Accepts =
  | { readonly kind: "one-of"; readonly values: readonly (string | number | boolean)[] }
  | { readonly kind: "seconds" }
  | { readonly kind: "count-or-null" };

export interface SwitchFacts {
  readonly accepts: Accepts;
  readonly about: string;
  /** Why Xero's default is what it is. */
  readonly basis: "documented" | "evidence" | "identityserver" | "proposal";
}

export const oneOf = (...values: readonly (string | number | boolean)[]): Accepts => ({ kind: "one-of", values });
export const seconds: Accepts = { kind: "seconds" };
export const countOrNull: Accepts = { kind: "count-or-null" };
export const onOff = oneOf(true, false);
export const facts = (accepts: Accepts, basis: SwitchFacts["basis"], about: string): SwitchFacts => ({
  accepts,
  about,
  basis,
});
