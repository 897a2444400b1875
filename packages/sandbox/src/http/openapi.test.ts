import { expect, test } from "vitest";
import { createSandbox } from "../index.ts";
import { aClientOf, judgeIfThere } from "../testing/accounting-client.ts";

const notHere =
  "XERO_OPENAPI_DIR does not name a folder with Xero's xero_accounting.yaml, so no test holds answers of the accounting API against it";

const reads = [
  "/Organisation",
  "/Accounts",
  "/Contacts",
  "/Contacts?page=1",
  "/Contacts?summaryOnly=true",
  "/Invoices",
  "/Invoices?page=1&unitdp=4",
  "/Invoices?summaryOnly=true",
  "/Payments",
  "/Payments?page=1",
  "/BankTransactions",
  "/BankTransactions?page=1",
];

test("every seeded answer conforms to Xero's OpenAPI file", async (context) => {
  if ((await judgeIfThere()) === null) return context.skip(notHere);
  await using sandbox = await createSandbox();
  for (const organisation of ["Demo Company (NZ)", "Maple Florists (AU)"]) {
    const { call } = await aClientOf(sandbox, { organisation });
    for (const path of reads) expect((await call("GET", path)).status, path).toBe(200);
  }
});

test("Xero's OpenAPI file convicts what does not conform", async (context) => {
  const judge = await judgeIfThere();
  if (judge === null) return context.skip(notHere);
  const invoice = {
    Type: "ACCREC",
    InvoiceID: "254591b2-68c7-403f-91af-e3584f9577fe",
    Date: "/Date(1580428800000+0000)/",
  };
  const problems = (changed: object, envelope: object = {}) =>
    judge.problems({
      method: "GET",
      path: "/Invoices",
      status: 200,
      body: JSON.stringify({ Invoices: [{ ...invoice, ...changed }], ...envelope }),
    });
  expect(problems({})).toEqual([]);
  expect(problems({ InvoiceNo: "1" })).toEqual([expect.stringContaining("additional properties")]);
  expect(problems({ Type: "BILL" })).not.toEqual([]);
  expect(problems({ Date: "2020-01-31T00:00:00" })).not.toEqual([]);
  expect(problems({ InvoiceID: "INV-1" })).not.toEqual([]);
  expect(problems({ Total: "5.00" })).not.toEqual([]);
  expect(problems({ Contact: { ContactName: "Ann" } })).not.toEqual([]);
  expect(problems({}, { Pagination: {} })).not.toEqual([]);
  expect(judge.problems({ method: "GET", path: "/Invoices", status: 500, body: "" })).not.toEqual([]);
  expect(judge.problems({ method: "GET", path: "/Invoices", status: 401, body: '{"Status":401}' })).not.toEqual([]);
  expect(judge.problems({ method: "GET", path: "/Bills", status: 200, body: "{}" })).not.toEqual([]);
});
