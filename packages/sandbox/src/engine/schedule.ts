import { deactivateCustomConnection } from "./client-credentials.ts";
import type { Draft, LedgerView } from "./ledger.ts";
import { resetDemoCompany, setRole } from "./memberships.ts";
import { endPurchase } from "./purchases.ts";
import { endConnections, revokeGrant } from "./revoke.ts";
import type { ScheduledAction, ScheduledEvent } from "./rows.ts";
import type { Turn } from "./turn.ts";

/** When the next scheduled event is due, or null. */
export function nextEventAtMs(view: LedgerView): number | null {
  return ordered(view)[0]?.atMs ?? null;
}

/** Carries out, in order and each at its own instant, what was due by `nowMs`. */
export function runDueEvents(draft: Draft, nowMs: number, turnAt: (atMs: number) => Turn): void {
  for (const event of ordered(draft)) {
    if (event.atMs > nowMs) return;
    draft.remove("scheduled", event.id);
    perform(turnAt(event.atMs), event.action);
  }
}

/** Puts an event on the calendar. */
export function schedule(turn: Turn, atMs: number, action: ScheduledAction): ScheduledEvent {
  const event = { id: turn.mint.uuid(turn.label("event")), atMs, action };
  turn.draft.put("scheduled", event.id, event);
  return event;
}

const ordered = (view: LedgerView): readonly ScheduledEvent[] =>
  [...view.all("scheduled")].sort((a, b) => a.atMs - b.atMs);

function perform(turn: Turn, action: ScheduledAction): void {
  switch (action.kind) {
    case "disconnect":
      endConnections(turn, (connection) => connection.id === action.connectionId, "disconnected");
      return;
    case "set-role":
      setRole(turn, action);
      return;
    case "deactivate-custom-connection":
      deactivateCustomConnection(turn, action.clientId);
      return;
    case "reset-demo-company":
      resetDemoCompany(turn, action.organisationId);
      return;
    case "end-purchase":
      endPurchase(turn, action.clientId);
      return;
    case "revoke-grant":
      revokeGrant(turn, action.grantId, "operator");
      return;
  }
}
