import { expect, test } from "vitest";
import { createSandbox, type Sandbox } from "../index.ts";
import { aClientOf, type Row } from "../testing/accounting-client.ts";
import { aSandbox, first, names, problems, rows } from "../testing/accounting-world.ts";

const anInvoice = {
  Type: "ACCREC",
  Contact: { Name: "Bayside Club" },
  Date: "2026-03-01",
  DueDate: "2026-03-15",
  Status: "AUTHORISED",
  LineItems: [{ Description: "Golf lesson", Quantity: 2, UnitAmount: 50.005, AccountCode: "200" }],
};

test("an invoice is created, shown, changed and voided", async () => {
  await using world = await aSandbox();
  const { call } = world;
  const created = first(await call("PUT", "/Invoices", { body: { Invoices: [anInvoice] } }), "Invoices");
  expect(created).toMatchObject({
    InvoiceNumber: "INV-0009",
    Status: "AUTHORISED",
    Date: "/Date(1772323200000+0000)/",
    DateString: "2026-03-01T00:00:00",
    SubTotal: 100.02,
    TotalTax: 15,
    Total: 115.02,
    AmountDue: 115.02,
    CurrencyCode: "NZD",
  });
  expect((created.Contact as Row).Name).toBe("Bayside Club");
  const path = `/Invoices/${created.InvoiceID}`;
  const changed = await call("POST", path, { body: { Reference: "P/O 5" } });
  expect(first(changed, "Invoices")).toMatchObject({ Reference: "P/O 5", LineItems: created.LineItems, Total: 115.02 });
  expect(first(await call("POST", path, { body: { Status: "VOIDED" } }), "Invoices")).toMatchObject({
    Status: "VOIDED",
    AmountDue: 0,
  });
  expect(first(await call("GET", path), "Invoices").Status).toBe("VOIDED");
  const again = await call("POST", path, { body: { Reference: "x" } });
  expect([again.status, problems(again)]).toEqual([400, ["Invoice not of valid status for modification"]]);
});

test("four decimals of unit amounts are kept and shown only when asked for", async () => {
  await using world = await aSandbox();
  const { call } = world;
  const created = first(await call("PUT", "/Invoices?unitdp=4", { body: anInvoice }), "Invoices");
  const unit = async (query: string) => {
    const { text } = await call("GET", `/Invoices/${created.InvoiceID}${query}`);
    return /"UnitAmount": ([\d.]+)/.exec(text)?.[1];
  };
  expect([await unit(""), await unit("?unitdp=4")]).toEqual(["50.01", "50.0050"]);
  expect((await call("GET", `/Invoices/${created.InvoiceID}`)).text).toMatch(/"Quantity": 2\.0000,\r\n/);
});

test("an invoice that is wrong says everything that is wrong, in Xero's form", async () => {
  await using world = await aSandbox();
  const { call } = world;
  const answer = await call("PUT", "/Invoices", { body: { Invoices: [{ InvoiceNumber: "X" }] } });
  expect([answer.status, answer.json]).toEqual([
    400,
    {
      ErrorNumber: 10,
      Type: "ValidationException",
      Message: "A validation exception occurred",
      Elements: [
        {
          InvoiceID: "00000000-0000-0000-0000-000000000000",
          InvoiceNumber: "X",
          LineItems: [],
          ValidationErrors: [
            { Message: "A Contact must be specified for this type of transaction." },
            { Message: "Invoice Type must be specified: ACCREC or ACCPAY." },
            { Message: "One or more line items must be specified" },
          ],
        },
      ],
    },
  ]);
  const bad = async (body: unknown) => (await call("PUT", "/Invoices", { body })).json;
  expect(await bad({ ...anInvoice, Date: "soon" })).toMatchObject({
    ErrorNumber: 14,
    Type: "PostDataInvalidException",
    Message: expect.stringContaining("Path 'Invoices[0].Date'"),
  });
  expect(await bad("<Invoice/>")).toMatchObject({ ErrorNumber: 14 });
  expect(problems(await call("PUT", "/Invoices", { body: { ...anInvoice, InvoiceNumber: "INV-0001" } }))).toEqual([
    "Invoice # must be unique.",
  ]);
  const foreign = { ...anInvoice, CurrencyCode: "ZWL", LineItems: [{ ...anInvoice.LineItems[0], AccountCode: "999" }] };
  expect(problems(await call("PUT", "/Invoices", { body: foreign }))).toEqual([
    "Account code '999' is not a valid code for this document.",
    "Organisation is not subscribed to currency ZWL.",
  ]);
});

test("of several elements all are refused, or each stands for itself with summarizeErrors=false", async () => {
  await using world = await aSandbox();
  const { sandbox, call } = world;
  const both = { Contacts: [{ Name: "Ann" }, { Name: "Bob", EmailAddress: "nonsense" }] };
  const found = async (name: string) =>
    rows(await call("GET", `/Contacts?where=${encodeURIComponent(`Name=="${name}"`)}`), "Contacts").length;
  expect(problems(await call("PUT", "/Contacts", { body: both }))).toEqual(["Email address must be valid."]);
  expect(await found("Ann")).toBe(0);
  const each = await call("PUT", "/Contacts?summarizeErrors=false", { body: both });
  expect([each.status, names(each, "Contacts", "StatusAttributeString")]).toEqual([200, ["OK", "ERROR"]]);
  expect([await found("Ann"), await found("Bob")]).toEqual([1, 0]);
  sandbox.control.setSwitches({ "api.batch": "keep-valid" });
  const third = { Contacts: [{ Name: "Cid" }, { Name: "" }] };
  expect([(await call("POST", "/Contacts", { body: third })).status, await found("Cid")]).toEqual([400, 1]);
});

test("payments pay invoices, and deleting one opens its invoice again", async () => {
  await using world = await aSandbox();
  const { call } = world;
  const invoice = first(await call("PUT", "/Invoices", { body: anInvoice }), "Invoices");
  const pay = (Amount: number) =>
    call("PUT", "/Payments", {
      body: {
        Payments: [{ Invoice: { InvoiceID: invoice.InvoiceID }, Account: { Code: "090" }, Date: "2026-03-10", Amount }],
      },
    });
  const now = async () => first(await call("GET", `/Invoices/${invoice.InvoiceID}`), "Invoices");
  expect(problems(await pay(200))).toEqual(["Payment amount exceeds the amount outstanding on this document"]);
  expect((await pay(15.02)).status).toBe(200);
  expect(await now()).toMatchObject({ Status: "AUTHORISED", AmountPaid: 15.02, AmountDue: 100 });
  const rest = first(await pay(100), "Payments");
  expect(rest).toMatchObject({ PaymentType: "ACCRECPAYMENT", Status: "AUTHORISED", Amount: 100 });
  expect(await now()).toMatchObject({ Status: "PAID", AmountDue: 0, FullyPaidOnDate: "/Date(1773100800000+0000)/" });
  expect(problems(await call("POST", `/Invoices/${invoice.InvoiceID}`, { body: { Status: "VOIDED" } }))).not.toEqual(
    [],
  );
  expect(
    first(await call("POST", `/Payments/${rest.PaymentID}`, { body: { Status: "DELETED" } }), "Payments").Status,
  ).toBe("DELETED");
  const open = await now();
  expect(open).toMatchObject({ Status: "AUTHORISED", AmountDue: 100, AmountPaid: 15.02 });
  expect(open.FullyPaidOnDate).toBeUndefined();
});

test("contacts are saved by id, number or name, and archived ones are shown only when asked for", async () => {
  await using world = await aSandbox();
  const { call } = world;
  const save = async (body: object) => first(await call("POST", "/Contacts", { body }), "Contacts");
  const ann = await save({
    Name: "Ann",
    ContactNumber: "C-1",
    Phones: [{ PhoneType: "MOBILE", PhoneNumber: "21 123" }],
  });
  expect(await save({ ContactNumber: "C-1", Name: "Ann Lee" })).toMatchObject({
    ContactID: ann.ContactID,
    Name: "Ann Lee",
  });
  expect(await save({ Name: "ann lee", FirstName: "Ann" })).toMatchObject({
    ContactID: ann.ContactID,
    FirstName: "Ann",
  });
  expect(first(await call("GET", "/Contacts/C-1"), "Contacts").ContactID).toBe(ann.ContactID);
  expect(problems(await call("PUT", "/Contacts", { body: { Name: "ANN LEE" } }))[0]).toContain("already assigned");
  await call("POST", `/Contacts/${ann.ContactID}`, { body: { ContactStatus: "ARCHIVED" } });
  const listed = async (query: string) =>
    rows(await call("GET", `/Contacts?searchTerm=ann${query}`), "Contacts").length;
  expect([await listed(""), await listed("&includeArchived=true"), await listed(`&IDs=${ann.ContactID}`)]).toEqual([
    0, 1, 1,
  ]);
});

test("accounts are created, changed and deleted, but not those in use or of the system", async () => {
  await using world = await aSandbox();
  const { call } = world;
  const account = { Code: "201", Name: "Online sales", Type: "SALES" };
  const made = first(await call("PUT", "/Accounts", { body: account }), "Accounts");
  expect(made).toMatchObject({ Class: "REVENUE", TaxType: "OUTPUT2", Status: "ACTIVE" });
  expect(problems(await call("PUT", "/Accounts", { body: account }))).toEqual([
    "Please enter a unique Code.",
    "Please enter a unique Name.",
  ]);
  const renamed = await call("POST", `/Accounts/${made.AccountID}`, { body: { Accounts: [{ Name: "Web sales" }] } });
  expect(first(renamed, "Accounts").Name).toBe("Web sales");
  expect(first(await call("DELETE", `/Accounts/${made.AccountID}`), "Accounts").Status).toBe("DELETED");
  expect((await call("GET", `/Accounts/${made.AccountID}`)).status).toBe(404);
  const byCode = async (code: string) =>
    first(await call("GET", `/Accounts?where=Code=="${code}"`), "Accounts").AccountID;
  expect(problems(await call("DELETE", `/Accounts/${await byCode("610")}`))).toEqual([
    "A system account cannot be deleted.",
  ]);
  expect((await call("DELETE", `/Accounts/${await byCode("200")}`)).status).toBe(400);
});

test("money spent and received goes through a bank account", async () => {
  await using world = await aSandbox();
  const { call } = world;
  const spent = {
    Type: "SPEND",
    Contact: { Name: "New Supplier" },
    BankAccount: { Code: "090" },
    LineAmountTypes: "Inclusive",
    LineItems: [{ Description: "Lunch", UnitAmount: 23, AccountCode: "429" }],
  };
  const made = first(
    await call("PUT", "/BankTransactions", { body: { BankTransactions: [spent] } }),
    "BankTransactions",
  );
  expect(made).toMatchObject({
    SubTotal: 20,
    TotalTax: 3,
    Total: 23,
    Status: "AUTHORISED",
    BankAccount: { Code: "090" },
  });
  const gone = await call("POST", `/BankTransactions/${made.BankTransactionID}`, { body: { Status: "DELETED" } });
  expect(first(gone, "BankTransactions").Status).toBe("DELETED");
  const sales = { ...spent, BankAccount: { Code: "200" } };
  expect(problems(await call("PUT", "/BankTransactions", { body: sales }))).toEqual([
    "A bank account must be specified: send BankAccount with AccountID or Code.",
  ]);
});

test("what an invoice was posted to may be archived, and the invoice can still be voided but not posted anew", async () => {
  await using world = await aSandbox();
  const { call } = world;
  const account = first(
    await call("PUT", "/Accounts", { body: { Code: "202", Name: "Lessons", Type: "SALES" } }),
    "Accounts",
  );
  const posted = { ...anInvoice, LineItems: [{ Description: "Lesson", UnitAmount: 5, AccountCode: "202" }] };
  const invoice = first(await call("PUT", "/Invoices", { body: posted }), "Invoices");
  expect((await call("POST", `/Accounts/${account.AccountID}`, { body: { Status: "ARCHIVED" } })).status).toBe(200);
  expect(problems(await call("PUT", "/Invoices", { body: posted }))).toEqual([
    "Account code '202' has been archived, or deleted.",
  ]);
  expect((await call("POST", `/Invoices/${invoice.InvoiceID}`, { body: { Status: "VOIDED" } })).status).toBe(200);
});

test("a demo company that is reset, by hand or at its time, has its first books again; another's stay", async () => {
  await using world = await aSandbox();
  const { sandbox, tenantId } = world;
  const maple = await aClientOf(sandbox, { organisation: "Maple Florists (AU)" });
  const written = async ({ call }: Pick<typeof world, "call">) => {
    expect((await call("PUT", "/Contacts", { body: { Name: "Ann" } })).status).toBe(200);
  };
  const contacts = async ({ call }: Pick<typeof world, "call">) =>
    names(await call("GET", "/Contacts?order=Name"), "Contacts", "Name");
  const first = await contacts(world);
  await written(maple);
  for (const reset of [
    async () => void sandbox.control.resetDemoCompany(tenantId),
    async () => {
      const at = sandbox.control.clock().nowMs + 60_000;
      sandbox.control.schedule({ at, action: { kind: "reset-demo-company", organisationId: tenantId } });
      await sandbox.control.advance({ by: "2m" });
    },
  ]) {
    const before = await aClientOf(sandbox);
    await written(before);
    expect(await contacts(before)).toEqual(["Ann", ...first]);
    await reset();
    expect((await before.call("GET", "/Contacts")).status).toBe(403);
    expect(await contacts(await aClientOf(sandbox))).toEqual(first);
  }
  expect(await contacts(maple)).toContain("Ann");
});

test("the same seed gives the same books, and another seed others", async () => {
  const ids = async (seed: number) => {
    await using sandbox: Sandbox = await createSandbox({ seed });
    const { call } = await aClientOf(sandbox);
    return names(await call("GET", "/Invoices?order=InvoiceNumber"), "Invoices", "InvoiceID");
  };
  const one = await ids(7);
  expect(one).toHaveLength(12);
  expect(await ids(7)).toEqual(one);
  expect(await ids(8)).not.toEqual(one);
});

test("XML is answered for every resource and every refusal", async () => {
  await using world = await aSandbox();
  const { call } = world;
  const xml = { accept: "application/xml" };
  const { text } = await call("GET", "/Invoices?page=1&pageSize=1", { headers: xml });
  expect(text).toMatch(
    /<Response>.*<Invoices><Invoice><Type>ACCREC<\/Type>.*<Date>\d{4}-\d\d-\d\dT00:00:00<\/Date>.*<LineItems><LineItem>/s,
  );
  const refused = await call("GET", "/Invoices?where=x", { headers: xml });
  expect(refused.text).toContain("<ApiException><ErrorNumber>16</ErrorNumber><Type>QueryParseException</Type>");
});
