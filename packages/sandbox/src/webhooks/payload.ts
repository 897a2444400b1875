import type { Mint, WebhookCategory, WebhookEvent } from "../engine/index.ts";

/** One post as Xero words it (XeroAPI/Xero-OpenAPI xero-webhooks.yaml). */
export function deliveryBody(events: readonly WebhookEvent[], apiOrigin: string, entropy: string): string {
  return JSON.stringify({
    events: events.map((event) => ({
      resourceUrl: `${apiOrigin}${resourcePaths[event.category]}/${event.resourceId}`,
      resourceId: event.resourceId,
      tenantId: event.organisationId,
      tenantType: "ORGANISATION",
      eventCategory: event.category,
      eventType: event.type,
      eventDateUtc: new Date(event.atMs).toISOString().slice(0, -1),
    })),
    lastEventSequence: events.at(-1)?.sequence ?? 0,
    firstEventSequence: events[0]?.sequence ?? 0,
    entropy,
  });
}

const resourcePaths: { readonly [C in WebhookCategory]: string } = {
  CONTACT: "/api.xro/2.0/Contacts",
  INVOICE: "/api.xro/2.0/Invoices",
  CREDITNOTE: "/api.xro/2.0/CreditNotes",
  SUBSCRIPTION: "/appstore/2.0/subscriptions",
};

/** The intent to receive: in which order the four posts are signed rightly and wrongly. It differs from time to time. */
export function probeOrder(mint: Mint, label: string): readonly boolean[] {
  const drawn = Number.parseInt(mint.hex32(label).slice(0, 6), 16);
  return orders[drawn % orders.length] ?? [true, false, true, false];
}

const orders: readonly (readonly boolean[])[] = [
  [true, true, false, false],
  [true, false, true, false],
  [true, false, false, true],
  [false, true, true, false],
  [false, true, false, true],
  [false, false, true, true],
];
