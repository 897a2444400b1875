import { expect, test } from "vitest";
import { aSandbox, first, names } from "../testing/accounting-world.ts";

const query = (parameters: Readonly<Record<string, string>>) => `?${new URLSearchParams(parameters)}`;

test.each<readonly [string, string, Readonly<Record<string, string>>, readonly unknown[]]>([
  ["a status and a type", "Invoices", { where: 'Status=="PAID" AND Type=="ACCREC"' }, ["INV-0001", "INV-0002"]],
  [
    "either of two",
    "Invoices",
    { where: 'Status="SUBMITTED" OR (Type=="ACCREC" && Status=="DRAFT")' },
    ["INV-0006", "INV-0007"],
  ],
  ["an amount", "Invoices", { where: "AmountDue > 1000 AND Total<=1358.44" }, ["RPT469-1"]],
  ["a part of a contact's name", "Invoices", { where: 'Contact.Name.Contains("Ridge")' }, ["INV-0004", "INV-0006"]],
  [
    "a beginning, whatever its case",
    "Invoices",
    { where: 'InvoiceNumber.ToLower().StartsWith("rpt4")' },
    ["RPT445-1", "RPT469-1"],
  ],
  [
    "not",
    "Invoices",
    { where: 'NOT (Type=="ACCREC") AND Status!="PAID" AND !InvoiceNumber.StartsWith("RPT")' },
    ["AP-77"],
  ],
  ["statuses", "Invoices", { Statuses: "DRAFT,SUBMITTED" }, ["INV-0006", "AP-77", "INV-0007"]],
  ["numbers", "Invoices", { InvoiceNumbers: "INV-0005,nothing" }, ["INV-0005"]],
  [
    "an order",
    "Invoices",
    { Statuses: "DRAFT,SUBMITTED", order: "Type, InvoiceNumber DESC" },
    ["AP-77", "INV-0007", "INV-0006"],
  ],
  ["what has a value", "Invoices", { where: 'FullyPaidOnDate!=null AND Type=="ACCPAY"' }, ["945-OCon"]],
  ["what the app made", "Invoices", { createdByMyApp: "true" }, []],
])("a list is filtered by %s", async (_what, list, parameters, expected) => {
  await using world = await aSandbox();
  const answer = await world.call("GET", `/${list}${query(parameters)}`);
  expect(names(answer, list, "InvoiceNumber").toSorted()).toEqual([...expected].toSorted());
  if (parameters.order !== undefined) expect(names(answer, list, "InvoiceNumber")).toEqual(expected);
});

test("a list is filtered by dates, ids and the time of the last change", async () => {
  await using world = await aSandbox({
    time: { wallMs: () => Date.UTC(2026, 5, 30, 12), monotonicMs: () => 0, setTimer: () => ({ cancel() {} }) },
  });
  const { call } = world;
  const numbers = async (parameters: Readonly<Record<string, string>>, since?: string) => {
    const headers: Readonly<Record<string, string>> = since === undefined ? {} : { "if-modified-since": since };
    return names(await call("GET", `/Invoices${query(parameters)}`, { headers }), "Invoices", "InvoiceNumber");
  };
  expect(await numbers({ where: "Date >= DateTime(2026,6,27) AND Date < DateTime(2026, 06, 29)" })).toEqual([
    "INV-0006",
  ]);
  expect(await numbers({ where: 'DueDate>DateTime.Parse("2026-07-12")' })).toEqual(["AP-77", "INV-0007"]);
  expect(await numbers({ where: 'Type=="ACCPAY"' }, "2026-06-29T00:00:00")).toEqual(["AP-77"]);
  expect(await numbers({}, new Date(Date.UTC(2026, 5, 30)).toUTCString())).toEqual(["INV-0007"]);
  expect(await numbers({}, "2026-06-30T00:00:01")).toEqual([]);
  const id = String(first(await call("GET", `/Contacts?where=Name=="Marine+Systems"`), "Contacts").ContactID);
  expect(await numbers({ where: `Contact.ContactID==Guid("${id}")` })).toEqual(["RPT445-1", "AP-77"]);
  expect(await numbers({ ContactIDs: id, Statuses: "DRAFT" })).toEqual(["AP-77"]);
  expect((await call("GET", "/Invoices", { headers: { "if-modified-since": "yesterday" } })).status).toBe(400);
});

test.each([
  ["Nme==1", "No property or field 'Nme' exists in type 'Contact'"],
  ['ContactID=="x"', "Operator '==' incompatible with operand types 'Guid' and 'String'"],
  ['UpdatedDateUTC>"2026-01-01"', "Operator '>' incompatible with operand types 'DateTime?' and 'String'"],
  ["Name==", "Expression expected"],
  ['Name=="x" AND ()', "Expression expected"],
  ["Name=='x'", "Character literal must contain exactly one character"],
  ['Name=="x', "Unterminated string literal"],
  ['Name=="x" Name', "Syntax error"],
  ["Name", "Expression of type 'Boolean' expected"],
  [`${"(".repeat(500)}true`, "Expression is nested too deep"],
  [`${"!".repeat(3000)}true`, "Expression is nested too deep"],
  ["UpdatedDateUTC>DateTime(2026,2,30)", "Year, Month, and Day parameters describe an un-representable DateTime."],
])("a where of %s is a QueryParseException", async (where, Message) => {
  await using world = await aSandbox();
  const answer = await world.call("GET", `/Contacts${query({ where })}`);
  expect([answer.status, answer.json]).toEqual([400, { ErrorNumber: 16, Type: "QueryParseException", Message }]);
});
