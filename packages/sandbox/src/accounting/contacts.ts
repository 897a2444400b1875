import type { Contact } from "../engine/index.ts";
import { bodies, readElement } from "./bodies.ts";
import type { Books } from "./books.ts";
import { changedContact, contactProblems, newContact } from "./contact-changes.ts";
import { contactBalances } from "./outstanding.ts";
import { type Item, isOn, listParameter, noRemoval, type Query, type Resource, type WriteRequest } from "./resource.ts";
import { type Element, isGuid, XeroDate, zeroGuid } from "./values.ts";
import type { WriteResult } from "./write-result.ts";

export const contacts: Resource = {
  path: "Contacts",
  list: "Contacts",
  element: "Contact",
  idMember: "ContactID",
  scopes: { read: ["accounting.contacts", "accounting.contacts.read"], write: ["accounting.contacts"] },
  methods: { onList: ["PUT", "POST"], onOne: ["GET", "POST"] },
  paged: true,
  summaries: true,
  batches: true,
  fields: {
    ContactID: "guid",
    ContactNumber: "string",
    AccountNumber: "string",
    ContactStatus: "string",
    Name: "string",
    FirstName: "string",
    LastName: "string",
    EmailAddress: "string",
    CompanyNumber: "string",
    TaxNumber: "string",
    BankAccountDetails: "string",
    DefaultCurrency: "string",
    IsCustomer: "boolean",
    IsSupplier: "boolean",
    UpdatedDateUTC: "date",
  },
  items,
  find(books, id) {
    const contact = books.get("contacts", id) ?? books.contacts().find((each) => each.contactNumber === id);
    return contact === undefined ? undefined : itemOf(contact, contactBalances(books, contact.id));
  },
  write,
  remove: noRemoval,
};

function items(books: Books, query: Query): readonly Item[] {
  const ids = listParameter(query, "ids");
  const term = query.get("searchterm")?.toLowerCase() ?? "";
  const archivedToo = isOn(query, "includearchived");
  return books
    .contacts()
    .filter((contact) => ids?.has(contact.id) ?? (archivedToo || contact.status === "ACTIVE"))
    .filter((contact) => term === "" || searched(contact).includes(term))
    .sort((a, b) => compare(a.name, b.name) || compare(a.id, b.id))
    .map((contact) => itemOf(contact));
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const searched = (contact: Contact): string =>
  [
    contact.name,
    contact.firstName,
    contact.lastName,
    contact.contactNumber ?? "",
    contact.companyNumber,
    contact.emailAddress,
  ]
    .join("\n")
    .toLowerCase();

const itemOf = (contact: Contact, balances?: Element): Item => ({
  id: contact.id,
  updatedAtMs: contact.updatedAtMs,
  shape: ({ detail }) => ({
    ...head(contact),
    ...(detail === "summary" ? {} : details(contact)),
    UpdatedDateUTC: new XeroDate(contact.updatedAtMs),
    ...(detail === "summary" ? {} : { ContactGroups: [] }),
    IsSupplier: contact.isSupplier,
    IsCustomer: contact.isCustomer,
    DefaultCurrency: contact.defaultCurrency ?? undefined,
    ...(detail === "summary" ? {} : { ContactPersons: contact.persons.map(personShape) }),
    ...(balances === undefined ? {} : { Balances: balances }),
    HasAttachments: false,
    HasValidationErrors: false,
  }),
});

const head = (contact: Contact): Element => ({
  ContactID: contact.id,
  ContactNumber: contact.contactNumber ?? undefined,
  AccountNumber: contact.accountNumber ?? undefined,
  ContactStatus: contact.status,
  Name: contact.name,
  FirstName: contact.firstName,
  LastName: contact.lastName,
  EmailAddress: contact.emailAddress,
  CompanyNumber: contact.companyNumber === "" ? undefined : contact.companyNumber,
  TaxNumber: contact.taxNumber === "" ? undefined : contact.taxNumber,
});

const details = (contact: Contact): Element => ({
  BankAccountDetails: contact.bankAccountDetails,
  Addresses: contact.addresses.map((address) => ({
    AddressType: address.type,
    AddressLine1: address.line1,
    AddressLine2: address.line2,
    AddressLine3: address.line3,
    AddressLine4: address.line4,
    City: address.city,
    Region: address.region,
    PostalCode: address.postalCode,
    Country: address.country,
    AttentionTo: address.attentionTo,
  })),
  Phones: contact.phones.map((phone) => ({
    PhoneType: phone.type,
    PhoneNumber: phone.number,
    PhoneAreaCode: phone.areaCode,
    PhoneCountryCode: phone.countryCode,
  })),
});

const personShape = (person: Contact["persons"][number]): Element => ({
  FirstName: person.firstName,
  LastName: person.lastName,
  EmailAddress: person.emailAddress,
  IncludeInEmails: person.includeInEmails,
});

/** A contact inside an invoice, payment or bank transaction. */
export const contactInside = (books: Books, contactId: string): Element => ({
  ContactID: contactId,
  Name: books.get("contacts", contactId)?.name ?? "",
  Addresses: [],
  Phones: [],
  ContactGroups: [],
  ContactPersons: [],
  HasValidationErrors: false,
});

function write(books: Books, { given, path, mode }: WriteRequest): WriteResult {
  const body = readElement(bodies.contact, given, path);
  const existing =
    mode.kind === "update"
      ? books.get("contacts", mode.id)
      : mode.kind === "save"
        ? existingContact(books, body)
        : undefined;
  const contact = existing === undefined ? newContact(books, body) : changedContact(books, existing, body);
  const unknownId =
    mode.kind !== "update" && body.ContactID !== undefined && existing === undefined && isGuid(body.ContactID);
  const messages = [
    ...contactProblems(books, contact),
    ...(unknownId ? [`The contact with the specified contact details could not be found.`] : []),
  ];
  if (messages.length > 0) {
    const id = body.ContactID !== undefined && isGuid(body.ContactID) ? body.ContactID : zeroGuid;
    return { kind: "invalid", messages, echo: { ContactID: existing?.id ?? id, Name: contact.name.slice(0, 255) } };
  }
  books.put("contacts", contact);
  return { kind: "ok", id: contact.id };
}

/** The contact a body means: by id, else by number, else by name. */
export function existingContact(
  books: Books,
  body: {
    readonly ContactID?: string | undefined;
    readonly ContactNumber?: string | undefined;
    readonly Name?: string | undefined;
  },
): Contact | undefined {
  if (body.ContactID !== undefined) return books.get("contacts", body.ContactID);
  const byNumber =
    body.ContactNumber === undefined
      ? undefined
      : books.contacts().find((contact) => contact.contactNumber === body.ContactNumber);
  const name = body.Name?.toLowerCase();
  return (
    byNumber ?? books.contacts().find((contact) => contact.name.toLowerCase() === name && contact.status === "ACTIVE")
  );
}
