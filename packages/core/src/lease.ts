import type { LeaseOwner } from "./ids.ts";

/** Who may spend a grant's token, until when in the store's time, and under which fence. */
export interface Lease {
  /** Grows at each taking: what an old holder carries is smaller. */
  readonly fence: number;
  readonly owner: LeaseOwner | null;
  readonly untilMs: number;
}

export const NO_LEASE: Lease = { fence: 0, owner: null, untilMs: 0 };

/** I4 single spender: the lease after it was taken (again), or null while somebody else holds it. */
export function takeLease(lease: Lease, request: { owner: LeaseOwner; nowMs: number; leaseMs: number }): Lease | null {
  if (isHeld(lease, request.nowMs) && lease.owner !== request.owner) return null;
  return { fence: lease.fence + 1, owner: request.owner, untilMs: request.nowMs + request.leaseMs };
}

/** Frees the lease only for the holder whose fence it carries; anybody else changes nothing. */
export function releaseLease(lease: Lease, fence: number): Lease {
  return lease.fence === fence ? { ...lease, owner: null, untilMs: 0 } : lease;
}

export function isHeld(lease: Lease, nowMs: number): boolean {
  return lease.owner !== null && lease.untilMs > nowMs;
}
