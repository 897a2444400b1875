import {
  chainOf,
  type GrantEvent,
  type GrantState,
  isHeld,
  type Lease,
  type LeaseOwner,
  type NodeId,
  type PlanInput,
  planStep,
  releaseLease,
  type Step,
  type Timing,
  type TokenVersionId,
  type Transition,
  transition,
  type WarmHours,
} from "@evergrant/core";
import type { GrantChange, StoredGrant, TokenVersion } from "../ports/grant-store.ts";
import type { Records } from "../ports/records.ts";

/** How a node looks at one grant: who it is, what time it is, what it knows of callers. */
export interface View {
  readonly nowMs: number;
  readonly leaseNowMs: number;
  readonly node: NodeId;
  readonly owner: LeaseOwner;
  readonly usedAtMs: number | null;
  readonly waitedForMs: number | null;
  readonly refusedAccess?: TokenVersionId | null;
  readonly accessAfterMs?: number;
  readonly warm?: readonly WarmHours[];
  readonly massRefusal: boolean;
}

/** The plan for a stored grant, without and with its lease. */
export function stepOf(grant: { readonly state: GrantState; readonly lease: Lease }, view: View, timing: Timing): Step {
  const input: PlanInput = { ...view, lease: grant.lease };
  return planStep(grant.state, input, timing);
}

/** When the schedule has to look again at a grant in this state. */
export function dueAfter(
  grant: { readonly state: GrantState; readonly lease: Lease },
  view: View,
  timing: Timing,
): number | null {
  const step = stepOf(grant, { ...view, waitedForMs: null }, timing);
  switch (step.kind) {
    case "sleep":
      return null;
    case "rest":
      // Instants are whole milliseconds: a store need not keep more.
      return Math.ceil(step.untilMs);
    case "spend":
    case "request":
    case "declare-lost":
    case "warn":
      return view.nowMs;
  }
}

/** A transition as the change that a store writes: state, lease, due instant, audit and notice together. */
export function changeFor(
  grant: StoredGrant,
  moved: Extract<Transition, { kind: "moved" }>,
  more: { view: View; timing: Timing; lease?: Lease; fence?: number; tokens?: readonly TokenVersion[] },
): GrantChange {
  const { view, timing } = more;
  const released = moved.releases && more.fence !== undefined ? releaseLease(grant.lease, more.fence) : grant.lease;
  const lease = more.lease ?? released;
  // I8 bounded ambiguity: while an attempt is on its way the end of its lease is the next thing to look at, for whoever looks then.
  const inFlight = chainOf(moved.state)?.attempt != null && isHeld(lease, view.leaseNowMs);
  return {
    state: moved.state,
    lease,
    dueAtMs: inFlight ? lease.untilMs : dueAfter({ state: moved.state, lease }, view, timing),
    tokens: more.tokens ?? [],
    records: recordsFor(grant, moved, view.nowMs),
  };
}

/** Applies one event to a stored grant; null where nothing moves. */
export function changeBy(
  grant: StoredGrant,
  event: GrantEvent,
  more: Parameters<typeof changeFor>[2],
): GrantChange | null {
  const moved = transition(grant.state, event, more.timing);
  return moved.kind === "moved" ? changeFor(grant, moved, more) : null;
}

// I11 warning before lapse, I13 audit: the record and the notice of a move go into the transaction that stores it.
function recordsFor(grant: StoredGrant, moved: Extract<Transition, { kind: "moved" }>, atMs: number): Records {
  const subject = { kind: "grant", id: grant.id } as const;
  return {
    audit: [{ ...moved.audit, subject, atMs, by: "keeper" }],
    notices: moved.notice === null ? [] : [{ notice: moved.notice, subject, atMs, facts: moved.audit.facts }],
  };
}
