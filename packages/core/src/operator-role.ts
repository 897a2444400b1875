/** What an operator may do, the least first: each role may what those before it may. */
export const OPERATOR_ROLES = ["viewer", "operator", "admin"] as const;
export type OperatorRole = (typeof OPERATOR_ROLES)[number];

/** What decides whether an operator can still let others in. */
export interface OperatorStanding {
  readonly role: OperatorRole;
  readonly disabledAtMs: number | null;
  readonly keys: readonly { readonly expiresAtMs: number | null }[];
}

/** Whether a role may do what asks for `least`. */
export function roleSuffices(role: OperatorRole, least: OperatorRole): boolean {
  return OPERATOR_ROLES.indexOf(role) >= OPERATOR_ROLES.indexOf(least);
}

/**
 * Whether somebody is left who can always let others in: an admin who is not disabled and has a key that does not expire. Signing in
 * elsewhere does not count: the day that it fails is the day that a key is needed.
 */
export function hasLastingAdmin(operators: readonly OperatorStanding[]): boolean {
  return operators.some(
    ({ role, disabledAtMs, keys }) =>
      role === "admin" && disabledAtMs === null && keys.some(({ expiresAtMs }) => expiresAtMs === null),
  );
}
