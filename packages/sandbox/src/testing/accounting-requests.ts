import fc from "fast-check";

/** One request to the accounting API that may be right, nearly right or nonsense. */
export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string>>;
}

const resources = [
  { list: "Accounts", onList: ["GET", "PUT"], onOne: ["GET", "POST", "DELETE"] },
  { list: "Contacts", onList: ["GET", "PUT", "POST"], onOne: ["GET", "POST"] },
  { list: "Invoices", onList: ["GET", "PUT", "POST"], onOne: ["GET", "POST"] },
  { list: "Payments", onList: ["GET", "PUT", "POST"], onOne: ["GET", "POST"] },
  { list: "BankTransactions", onList: ["GET", "PUT", "POST"], onOne: ["GET", "POST"] },
] as const;

const text = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.constantFrom("", " ", "null", "\u0000", "\ud800", "__proto__", "constructor", "]]>", "<x/>", "a".repeat(600)),
);
const day = fc.constantFrom(
  "2026-03-01",
  "/Date(1772323200000+0000)/",
  "2026-02-31",
  "9999-12-31",
  "0000-00-00",
  "2026-03-01T10:00:00Z",
);
const amount = fc.oneof(
  fc.double({ noNaN: true }),
  fc.constantFrom(0, -1, 1, 12.345, 1e300, 5e-324, 9_999_999_999.99, "7", "7,5", "1e3"),
);

/** Everything a caller may know: ids, codes, names and words that mean something. */
const wordsOf = (known: readonly string[]) =>
  fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...known) },
    {
      weight: 2,
      arbitrary: fc.constantFrom(
        "ACCREC",
        "ACCPAY",
        "SPEND",
        "RECEIVE",
        "AUTHORISED",
        "DRAFT",
        "DELETED",
        "VOIDED",
        "PAID",
        "ARCHIVED",
        "BANK",
        "Inclusive",
        "NoTax",
        "NZD",
        "USD",
        "200",
        "090",
        "429",
        "OUTPUT2",
        "NONE",
        "Bayside Club",
        "INV-0001",
        "a@b.example",
        "https://a.example",
      ),
    },
    { weight: 1, arbitrary: text },
  );

const memberNames = [
  "Type",
  "Status",
  "Name",
  "Code",
  "Reference",
  "InvoiceID",
  "InvoiceNumber",
  "ContactID",
  "ContactNumber",
  "EmailAddress",
  "ContactStatus",
  "AccountID",
  "AccountCode",
  "TaxType",
  "CurrencyCode",
  "Description",
  "LineItemID",
  "BankTransactionID",
  "PaymentID",
  "Url",
  "DefaultCurrency",
  "BankAccountNumber",
  "BankAccountType",
  "LineAmountTypes",
] as const;

type List = (typeof resources)[number]["list"];

/** For each resource an element that is taken. */
const soundElements: Readonly<Record<List, Readonly<Record<string, unknown>>>> = {
  Accounts: { Code: "201", Name: "Online sales", Type: "SALES" },
  Contacts: { Name: "Ann", EmailAddress: "ann@a.example" },
  Invoices: {
    Type: "ACCREC",
    Contact: { Name: "Bayside Club" },
    DueDate: "2026-05-01",
    Status: "AUTHORISED",
    LineItems: [{ Description: "x", UnitAmount: 5, AccountCode: "200" }],
  },
  Payments: { Invoice: { InvoiceNumber: "INV-0003" }, Account: { Code: "090" }, Amount: 0.01 },
  BankTransactions: {
    Type: "SPEND",
    Contact: { Name: "Bayside Club" },
    BankAccount: { Code: "090" },
    LineItems: [{ Description: "x", UnitAmount: 5, AccountCode: "429" }],
  },
};

function elementOf(list: List, words: fc.Arbitrary<string>): fc.Arbitrary<Readonly<Record<string, unknown>>> {
  const loose = fc.dictionary(
    fc.constantFrom(...memberNames),
    fc.oneof({ weight: 5, arbitrary: words }, { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 1 }) }),
  );
  const line = fc.record(
    {
      Description: words,
      Quantity: amount,
      UnitAmount: amount,
      LineAmount: amount,
      TaxAmount: amount,
      DiscountRate: amount,
      AccountCode: fc.constantFrom("200", "429", "x"),
      TaxType: words,
    },
    { requiredKeys: [] },
  );
  const nested = fc.record(
    {
      Contact: fc.oneof(loose, fc.constant({ Name: "Bayside Club" })),
      BankAccount: fc.oneof(loose, fc.constant({ Code: "090" })),
      Account: fc.oneof(loose, fc.constant({ Code: "090" })),
      Invoice: loose,
      LineItems: fc.array(fc.oneof(line, fc.constant({ Description: "x", UnitAmount: 5, AccountCode: "200" })), {
        maxLength: 3,
      }),
      Addresses: fc.array(fc.constantFrom({ AddressType: "STREET", City: "Wellington" }, { AddressType: "MOON" }, 5), {
        maxLength: 2,
      }),
      Phones: fc.array(fc.constantFrom({ PhoneType: "MOBILE", PhoneNumber: "21" }, null), { maxLength: 2 }),
      ContactPersons: fc.array(fc.constantFrom({ FirstName: "Ann" }, { EmailAddress: "x" }), { maxLength: 6 }),
      Date: day,
      DueDate: day,
      Amount: amount,
      CurrencyRate: amount,
      IsReconciled: fc.constantFrom(true, "true", 1),
    },
    { requiredKeys: [] },
  );
  const sound = fc.constantFrom<Readonly<Record<string, unknown>>>(soundElements[list], {});
  const mixed = fc.tuple(sound, loose, nested).map(([a, b, c]) => ({ ...a, ...b, ...c }));
  return fc.oneof(sound, mixed);
}

function bodyOf(list: List, words: fc.Arbitrary<string>): fc.Arbitrary<unknown> {
  const element = elementOf(list, words);
  return fc.oneof(
    { weight: 4, arbitrary: fc.array(element, { maxLength: 3 }).map((elements) => ({ [list]: elements })) },
    { weight: 3, arbitrary: element },
    { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.stringify(value)) },
    { weight: 1, arbitrary: text },
  );
}

function queryOf(words: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const fields = fc.constantFrom(
    "Name",
    "Type",
    "Status",
    "Contact.Name",
    "Contact.ContactID",
    "Date",
    "Total",
    "AmountDue",
    "UpdatedDateUTC",
    "Code",
    "Contact",
    "Nothing",
  );
  const literal = fc.oneof(
    words.map((word) => `"${word}"`),
    fc.constantFrom("1", "null", "true", "DateTime(2026,3,1)", "DateTime(1,1)", 'Guid("x")', "Name"),
  );
  const where = fc.oneof(
    fc
      .tuple(fields, fc.constantFrom("==", "!=", "<", ">", "=", ".Contains"), literal)
      .map(([field, sign, value]) =>
        sign === ".Contains" ? `${field}.Contains(${value})` : `${field}${sign}${value}`,
      ),
    fc.string({ unit: fc.constantFrom(..."()!&|=<>.,\"' ANDORNOT123abc"), maxLength: 60 }),
  );
  const parameters = fc.record(
    {
      where,
      order: fc.oneof(
        fields,
        fields.map((field) => `${field} DESC`),
        text,
      ),
      page: fc.constantFrom("0", "1", "2", "-1", "x", "1e9"),
      pageSize: fc.constantFrom("1", "3", "5000", "x"),
      unitdp: fc.constantFrom("2", "4", "9"),
      summaryOnly: fc.constantFrom("true", "false", "x"),
      summarizeErrors: fc.constantFrom("true", "false"),
      includeArchived: fc.constant("true"),
      searchTerm: words,
      IDs: words,
      Statuses: words,
      ContactIDs: words,
      InvoiceNumbers: words,
      createdByMyApp: fc.constant("true"),
    },
    { requiredKeys: [] },
  );
  return fc.oneof(
    fc.constant(""),
    parameters.map(
      (given) => `?${new URLSearchParams(Object.entries(given).map(([name, value]) => [name, value.toWellFormed()]))}`,
    ),
  );
}

/** For tests: requests to every endpoint of the accounting API. `known` are values that are there. */
export function accountingRequests(known: readonly string[]): fc.Arbitrary<ApiRequest> {
  const words = wordsOf(known);
  const given = fc.record(
    {
      "if-modified-since": fc.constantFrom(
        "2026-01-01T00:00:00",
        "Tue, 30 Jun 2026 00:00:00 GMT",
        "never GMT",
        "9999-99-99",
      ),
      "idempotency-key": fc.constantFrom("one", "two", "x".repeat(129)),
      "content-type": fc.constantFrom(
        "application/json",
        "text/xml",
        "application/x-www-form-urlencoded",
        "text/plain",
      ),
      accept: fc.constantFrom("application/json", "application/json, text/plain, */*", "application/xml", "*/*"),
    },
    { requiredKeys: [] },
  );
  // A key that is taken hides what the call itself would say.
  const headers = fc.oneof({ weight: 3, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: given });
  const organisation = fc.record({
    method: fc.constant("GET"),
    path: queryOf(words).map((query) => `/Organisation${query}`),
    body: fc.constant(undefined),
    headers,
  });
  const others = resources.map(({ list, onList, onOne }) => {
    const path = fc.oneof(fc.constant(null), words).chain((id) =>
      fc.record({
        method: id === null || id === "" ? fc.constantFrom(...onList) : fc.constantFrom(...onOne),
        address: fc.constant(
          id === null || id === "" ? `/${list}` : `/${list}/${encodeURIComponent(id.slice(0, 200).toWellFormed())}`,
        ),
      }),
    );
    return fc
      .record({ path, query: queryOf(words), body: bodyOf(list, words), headers })
      .map(({ path: { method, address }, query, body, headers: given }) => ({
        method,
        path: `${address}${query}`,
        body: method === "PUT" || method === "POST" ? body : undefined,
        headers: given,
      }));
  });
  return fc.oneof(organisation, ...others);
}
