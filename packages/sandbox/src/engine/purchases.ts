import { type App, mayConnect, type Organisation } from "./rows.ts";
import type { Turn } from "./turn.ts";

type Custom = Extract<App, { readonly kind: "custom-connection" }>;

/** Whether this Custom Connection may be authorised for the organisation: demo companies are free. */
export function isBought(turn: Turn, clientId: string, organisation: Organisation): boolean {
  if (organisation.isDemoCompany || turn.switches["cc.purchase"] === "not-needed") return true;
  const purchase = turn.draft.get("purchases", clientId);
  return purchase?.endedAtMs === null && purchase.organisationId === organisation.id;
}

export type PurchaseRefusal = "not-a-member" | "role-may-not-connect" | "needs-none" | "bought-elsewhere";

/** A person of the organisation buys the subscription for one Custom Connection. Null: done. */
export function buyCustomConnection(
  turn: Turn,
  app: Custom,
  by: { readonly userId: string; readonly organisationId: string },
): PurchaseRefusal | null {
  const organisation = turn.draft.get("organisations", by.organisationId);
  const membership = [...turn.draft.all("memberships")].find(
    (each) => each.userId === by.userId && each.organisationId === by.organisationId,
  );
  if (organisation === undefined || membership === undefined) return "not-a-member";
  if (!mayConnect[membership.role]) return "role-may-not-connect";
  if (isBought(turn, app.clientId, organisation)) return "needs-none";
  if (turn.draft.get("purchases", app.clientId)?.endedAtMs === null) return "bought-elsewhere";
  turn.draft.put("purchases", app.clientId, {
    clientId: app.clientId,
    organisationId: organisation.id,
    boughtByUserId: by.userId,
    boughtAtMs: turn.nowMs,
    endedAtMs: null,
  });
  return null;
}

/** The subscription ends: a connection to the organisation that paid lapses. False: there was none. */
export function endPurchase(turn: Turn, clientId: string): boolean {
  const purchase = turn.draft.get("purchases", clientId);
  if (purchase === undefined || purchase.endedAtMs !== null) return false;
  turn.draft.put("purchases", clientId, { ...purchase, endedAtMs: turn.nowMs });
  const app = turn.draft.get("apps", clientId);
  const paidFor = app?.kind === "custom-connection" && app.custom.organisationId === purchase.organisationId;
  if (paidFor && app.custom.state === "active")
    turn.draft.put("apps", clientId, { ...app, custom: { ...app.custom, state: "lapsed" } });
  return true;
}
