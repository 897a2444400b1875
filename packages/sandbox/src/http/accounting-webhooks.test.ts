import { expect, test } from "vitest";
import { WebhookReceiver } from "../../../../tests/kit/webhook-receiver.ts";
import { DEMO_CLIENT_ID } from "../index.ts";
import type { Row } from "../testing/accounting-client.ts";
import { aSandbox, first } from "../testing/accounting-world.ts";

const anInvoice = {
  Type: "ACCREC",
  Contact: { Name: "Somebody New" },
  DueDate: "2026-03-15",
  Status: "AUTHORISED",
  LineItems: [{ Description: "Golf lesson", Quantity: 2, UnitAmount: 50, AccountCode: "200" }],
};

/** The demo app, connected, with a webhook that proved itself. */
async function aWorld() {
  const world = await aSandbox();
  const receiver = await WebhookReceiver.start();
  const { control } = world.sandbox;
  receiver.key = control.setWebhook(DEMO_CLIENT_ID, { url: receiver.url, categories: ["CONTACT", "INVOICE"] }).key;
  control.sendIntentToReceive(DEMO_CLIENT_ID);
  const told = async () => {
    await control.advance({ by: "1s" });
    const events = receiver.events().map((event) => `${event.eventType} ${event.eventCategory} ${event.resourceId}`);
    receiver.posts.length = 0;
    return events;
  };
  await told();
  const close = async () => {
    await world.sandbox.close();
    await receiver[Symbol.asyncDispose]();
  };
  return { ...world, receiver, told, [Symbol.asyncDispose]: close };
}

test("what the API writes into the books reaches the app's webhook; what is read or refused does not", async () => {
  await using world = await aWorld();
  const { call, told } = world;
  await call("GET", "/Invoices");
  expect((await call("PUT", "/Invoices", { body: { Type: "ACCREC" } })).status).toBe(400);
  expect(await told()).toEqual([]);
  const made = first(await call("PUT", "/Invoices", { body: anInvoice }), "Invoices");
  const contactId = (made.Contact as Row).ContactID;
  expect(await told()).toEqual([`CREATE CONTACT ${contactId}`, `CREATE INVOICE ${made.InvoiceID}`]);
  const paid = { Invoice: { InvoiceID: made.InvoiceID }, Account: { Code: "090" }, Amount: 1 };
  expect((await call("PUT", "/Payments", { body: paid })).status).toBe(200);
  expect(await told()).toEqual([`UPDATE INVOICE ${made.InvoiceID}`]);
});

test("a repeated request with the same Idempotency-Key is told of once", async () => {
  await using world = await aWorld();
  const once = { body: { Name: "Ann" }, headers: { "idempotency-key": "one" } };
  const made = first(await world.call("PUT", "/Contacts", once), "Contacts");
  await world.call("PUT", "/Contacts", once);
  expect(await world.told()).toEqual([`CREATE CONTACT ${made.ContactID}`]);
});
