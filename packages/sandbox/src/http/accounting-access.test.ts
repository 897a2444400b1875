import { expect, test } from "vitest";
import { createSandbox } from "../index.ts";
import { type AccountingClient, aClientOf } from "../testing/accounting-client.ts";
import { first, problems, rows } from "../testing/accounting-world.ts";

test("each resource asks for its own scope, classic or granular, and writing for more than reading", async () => {
  const granted = async (scope: string) => {
    await using sandbox = await createSandbox();
    const { call } = await aClientOf(sandbox, { scope });
    const paths = ["/Organisation", "/Accounts", "/Contacts", "/Invoices", "/Payments", "/BankTransactions"];
    const open: string[] = [];
    for (const path of paths) {
      if ((await call("GET", path)).status === 200) open.push(`GET ${path}`);
      if (path !== "/Organisation" && (await call("PUT", path, { body: {} })).status === 400) open.push(`PUT ${path}`);
    }
    return open;
  };
  expect(await granted("accounting.settings.read")).toEqual(["GET /Organisation", "GET /Accounts"]);
  expect(await granted("accounting.contacts accounting.settings.read")).toEqual([
    "GET /Organisation",
    "GET /Accounts",
    "GET /Contacts",
    "PUT /Contacts",
  ]);
  expect(await granted("accounting.transactions.read")).toEqual([
    "GET /Invoices",
    "GET /Payments",
    "GET /BankTransactions",
  ]);
  expect(await granted("accounting.invoices accounting.payments.read")).toEqual([
    "GET /Invoices",
    "PUT /Invoices",
    "GET /Payments",
  ]);
  expect(await granted("accounting.banktransactions")).toEqual(["GET /BankTransactions", "PUT /BankTransactions"]);
});

test("organisations have books of their own", async () => {
  await using sandbox = await createSandbox();
  const [demo, maple] = [await aClientOf(sandbox), await aClientOf(sandbox, { organisation: "Maple Florists (AU)" })];
  const id = async ({ call }: AccountingClient) =>
    String(rows(await call("GET", "/Invoices"), "Invoices")[0]?.InvoiceID);
  const theirs = await id(maple);
  expect(theirs).not.toBe(await id(demo));
  expect((await demo.call("GET", `/Invoices/${theirs}`)).status).toBe(404);
  expect((await demo.call("POST", `/Invoices/${theirs}`, { body: { Reference: "mine" } })).status).toBe(404);
  const stolen = {
    Type: "ACCREC",
    Contact: { ContactID: String(first(await maple.call("GET", "/Contacts"), "Contacts").ContactID) },
  };
  expect(problems(await demo.call("PUT", "/Invoices", { body: stolen }))).toContain(
    "The contact with the specified contact details could not be found.",
  );
});
