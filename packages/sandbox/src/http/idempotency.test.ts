import { expect, test } from "vitest";
import { aSandbox, first, rows } from "../testing/accounting-world.ts";

const anInvoice = {
  Type: "ACCREC",
  Contact: { Name: "Bayside Club" },
  Date: "2026-03-01",
  DueDate: "2026-03-15",
  Status: "AUTHORISED",
  LineItems: [{ Description: "Golf lesson", Quantity: 2, UnitAmount: 50.005, AccountCode: "200" }],
};

test("a repeated request with the same Idempotency-Key is carried out once; another with that key is refused", async () => {
  await using world = await aSandbox();
  const { sandbox, call } = world;
  const put = (body: unknown, key = "k-1", path = "/Invoices") =>
    call("PUT", path, { body, headers: { "idempotency-key": key } });
  const made = await put(anInvoice);
  const again = await put(anInvoice);
  expect([again.status, again.text]).toEqual([200, made.text]);
  expect(Number(again.headers.get("x-minlimit-remaining"))).toBe(Number(made.headers.get("x-minlimit-remaining")) - 1);
  const other = await put({ ...anInvoice, Reference: "other" });
  expect([other.status, other.json.Message]).toEqual([400, "Idempotency-Key k-1 is used with a different request."]);
  const wrong = await put({}, "k-2");
  expect([wrong.status, (await put({}, "k-2")).text]).toEqual([400, wrong.text]);
  expect((await put(anInvoice, "x".repeat(129))).status).toBe(400);
  expect((await put(anInvoice, "x".repeat(128))).status).toBe(200);
  await sandbox.control.advance({ by: "361s" });
  expect(first(await put(anInvoice), "Invoices").InvoiceID).not.toBe(first(made, "Invoices").InvoiceID);
});

test("an answer that was lost is asked for again with the same key, and the invoice is there once", async () => {
  await using world = await aSandbox();
  const { sandbox, call } = world;
  const count = async () => rows(await call("GET", "/Invoices"), "Invoices").length;
  const before = await count();
  sandbox.control.placeFault({ endpoint: "api", point: "after-commit-before-headers", action: { kind: "drop" } });
  const send = () => call("PUT", "/Invoices", { body: anInvoice, headers: { "idempotency-key": "night-1" } });
  await expect(send()).rejects.toThrow();
  expect([(await send()).status, await count()]).toEqual([200, before + 1]);
  expect(sandbox.control.requests().map(({ outcome }) => outcome)).toContain("repeated");
});
