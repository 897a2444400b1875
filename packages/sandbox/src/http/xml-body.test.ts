import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RefusedCall } from "../accounting/refusals.ts";
import { createSandbox } from "../index.ts";
import { type AccountingClient, aClientOf, type Row } from "../testing/accounting-client.ts";
import { toXml } from "./xml.ts";
import { jsonOfBody } from "./xml-body.ts";

const ids = /ID$|^Id$|^(?:UpdatedDateUTC|DateTimeUTC|InvoiceNumber)/;

/** What two worlds differ in whatever is sent: ids and instants. */
function withoutIds(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutIds);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, member]) => (ids.test(name) ? [] : [[name, withoutIds(member)]])),
  );
}

const first = async (client: AccountingClient, path: string, list: string): Promise<Row> =>
  ((await client.call("GET", path)).json[list] as readonly Row[])[0] ?? {};

/** One element for each resource, as its members. */
async function elementsFor(client: AccountingClient): Promise<readonly (readonly [string, string, Row])[]> {
  const bank = await first(client, `/Accounts?where=${encodeURIComponent('Type=="BANK"')}`, "Accounts");
  const contact = await first(client, "/Contacts", "Contacts");
  const open = `/Invoices?where=${encodeURIComponent('Type=="ACCREC" AND Status=="AUTHORISED"')}&page=1`;
  const invoice = await first(client, open, "Invoices");
  const lines = [{ Description: "Work & <more>", Quantity: "2", UnitAmount: "50.5", AccountCode: "200" }];
  const sale = { Contact: { ContactID: contact["ContactID"] }, Date: "2026-03-02", LineItems: lines };
  return [
    ["Accounts", "Account", { Code: "777", Name: "Æther & Söhne", Type: "EXPENSE", EnablePaymentsToAccount: "true" }],
    [
      "Contacts",
      "Contact",
      {
        Name: "Anna's <shop>",
        Phones: [{ PhoneType: "MOBILE", PhoneNumber: "123" }],
        Addresses: [{ AddressType: "POBOX", City: "Ōtaki" }],
        ContactPersons: [
          { FirstName: "A", LastName: "B", IncludeInEmails: "false" },
          { FirstName: "C", LastName: "D" },
        ],
      },
    ],
    ["Invoices", "Invoice", { Type: "ACCREC", DueDate: "2026-04-02", Status: "AUTHORISED", ...sale }],
    [
      "Payments",
      "Payment",
      {
        Invoice: { InvoiceID: invoice["InvoiceID"] },
        Account: { AccountID: bank["AccountID"] },
        Date: "2026-03-03",
        Amount: "1.5",
      },
    ],
    ["BankTransactions", "BankTransaction", { Type: "SPEND", BankAccount: { AccountID: bank["AccountID"] }, ...sale }],
  ];
}

const xml = { "content-type": "application/xml" };

describe("a body in XML", () => {
  test("creates, for each resource, what the same body in JSON creates", async () => {
    await using inJson = await createSandbox();
    await using inXml = await createSandbox();
    const [json, other] = [await aClientOf(inJson), await aClientOf(inXml)];
    const elements = await elementsFor(json);
    expect(elements).toHaveLength(5);
    for (const [list, element, members] of elements) {
      // An account is sent alone and not in a list.
      const wrapped = list === "Accounts" ? members : { [list]: [members] };
      const sent = list === "Accounts" ? toXml(element, members as never) : toXml(list, [members] as never);
      const wanted = await json.call("PUT", `/${list}`, { body: wrapped });
      const given = await other.call("PUT", `/${list}`, { body: sent, headers: xml });
      expect(wanted.status, `${list} ${wanted.text}`).toBe(200);
      expect(given.status, `${list} ${given.text}`).toBe(200);
      expect(withoutIds(given.json[list])).toEqual(withoutIds(wanted.json[list]));
    }
  });

  test("is answered in XML that can be sent back as it came", async () => {
    await using sandbox = await createSandbox();
    const { call } = await aClientOf(sandbox);
    const { json } = await call("PUT", "/Contacts", { body: "<Contact><Name>Anna</Name></Contact>", headers: xml });
    const id = (json["Contacts"] as readonly Row[])[0]?.["ContactID"];
    const asXml = await call("GET", `/Contacts/${id}`, { headers: { accept: "application/xml" } });
    const [contacts = ""] = /<Contacts>.*<\/Contacts>/s.exec(asXml.text) ?? [];
    const changed = contacts.replace("<Name>Anna</Name>", "<Name><![CDATA[Anna & Bob]]></Name>");
    const again = await call("POST", "/Contacts", { body: `<?xml version="1.0"?>\n${changed}`, headers: xml });
    expect(again.json["Contacts"]).toMatchObject([{ ContactID: id, Name: "Anna & Bob" }]);
  });

  test("is refused by the same rules, in the same words", async () => {
    await using sandbox = await createSandbox();
    const { call } = await aClientOf(sandbox);
    const asJson = await call("PUT", "/Invoices", { body: { Invoices: [{ Type: "ACCREC", DueDate: "soon" }] } });
    const body = "<Invoices><Invoice><Type>ACCREC</Type><DueDate>soon</DueDate></Invoice></Invoices>";
    const asXml = await call("PUT", "/Invoices", { body, headers: xml });
    expect([asXml.status, asXml.json["Message"]]).toEqual([400, asJson.json["Message"]]);
    const invalid = await call("PUT", "/Contacts", { body: "<Contact><Name></Name></Contact>", headers: xml });
    expect(invalid.json).toMatchObject({ ErrorNumber: 10, Type: "ValidationException" });
  });

  test.each([
    ["not closed", "<Contact><Name>A</Contact>", /not well-formed/],
    ["of an unknown entity", "<Contact><Name>&lol;</Name></Contact>", /not well-formed/],
    [
      "with a document type",
      '<!DOCTYPE a [<!ENTITY lol "lol">]><Contact><Name>&lol;</Name></Contact>',
      /document type/,
    ],
    ["nested without end", "<a>".repeat(10_000), /20 deep/],
    ["of nothing", "<", /not well-formed/],
  ])("is refused when it is %s", async (_what, body, message) => {
    await using sandbox = await createSandbox();
    const { call } = await aClientOf(sandbox);
    const { status, json } = await call("PUT", "/Contacts", { body, headers: xml });
    expect([status, json["ErrorNumber"]]).toEqual([400, 14]);
    expect(json["Message"]).toMatch(message);
  });

  test("keeps every text that XML can carry", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        const carried = toXml("Contact", { Name: text });
        const read = JSON.parse(jsonOfBody(carried)) as { readonly Contact: { readonly Name?: string } };
        // What stands around a text is layout.
        expect(read.Contact.Name).toBe(text.trim());
      }),
    );
  });

  test("whatever it is, is read or refused", () => {
    const piece = fc.oneof(
      fc.constantFrom(
        "<",
        ">",
        "</",
        "/>",
        "<a>",
        "</a>",
        "<Invoices>",
        "&",
        "&#0;",
        "&#x41;",
        "<![CDATA[",
        "]]>",
        "<!--",
        "<?x ",
        "?>",
        '="',
        ":",
        "__proto__",
      ),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        try {
          JSON.parse(jsonOfBody(`<${pieces.join("")}`));
        } catch (error) {
          expect(error).toBeInstanceOf(RefusedCall);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
