import { z } from "zod";
import type { Contact, PhoneNumber, PostalAddress } from "../engine/index.ts";
import type { ContactBody } from "./bodies.ts";
import type { Books } from "./books.ts";
import { isCurrency } from "./currencies.ts";
import { findings, tooLong } from "./write-result.ts";

const phoneTypes = ["DDI", "DEFAULT", "FAX", "MOBILE"] as const;

/** A contact from what was sent. Nothing is stored. */
export function newContact(books: Books, body: ContactBody): Contact {
  const blank: Contact = {
    id: books.turn.mint.uuid(books.turn.label("contact")),
    organisationId: books.organisation.id,
    name: "",
    status: "ACTIVE",
    contactNumber: null,
    accountNumber: null,
    firstName: "",
    lastName: "",
    emailAddress: "",
    companyNumber: "",
    taxNumber: "",
    bankAccountDetails: "",
    defaultCurrency: null,
    addresses: [blankAddress("STREET"), blankAddress("POBOX")],
    phones: phoneTypes.map(blankPhone),
    persons: [],
    isCustomer: false,
    isSupplier: false,
    updatedAtMs: books.turn.nowMs,
  };
  return changedContact(books, blank, body);
}

/** A contact with what was sent put over it; what was not sent stays. Nothing is stored. */
export function changedContact(books: Books, contact: Contact, body: ContactBody): Contact {
  return {
    ...contact,
    name: body.Name ?? contact.name,
    status: (body.ContactStatus ?? contact.status) as Contact["status"],
    contactNumber: body.ContactNumber ?? contact.contactNumber,
    accountNumber: body.AccountNumber ?? contact.accountNumber,
    firstName: body.FirstName ?? contact.firstName,
    lastName: body.LastName ?? contact.lastName,
    emailAddress: body.EmailAddress ?? contact.emailAddress,
    companyNumber: body.CompanyNumber ?? contact.companyNumber,
    taxNumber: body.TaxNumber ?? contact.taxNumber,
    bankAccountDetails: body.BankAccountDetails ?? contact.bankAccountDetails,
    defaultCurrency: body.DefaultCurrency ?? contact.defaultCurrency,
    addresses: withAddresses(contact.addresses, body.Addresses ?? []),
    phones: withPhones(contact.phones, body.Phones ?? []),
    persons:
      body.ContactPersons?.map((person) => ({
        firstName: person.FirstName ?? "",
        lastName: person.LastName ?? "",
        emailAddress: person.EmailAddress ?? "",
        includeInEmails: person.IncludeInEmails ?? false,
      })) ?? contact.persons,
    updatedAtMs: books.turn.nowMs,
  };
}

const email = z.email();

/** What forbids storing a contact. */
export function contactProblems(books: Books, contact: Contact): readonly string[] {
  const found = findings();
  const others = books.contacts().filter((other) => other.id !== contact.id && other.status === "ACTIVE");
  const name = contact.name.trim().toLowerCase();
  found.add(name === "" && "The contact name must be specified.");
  found.add(
    others.some((other) => other.name.trim().toLowerCase() === name) &&
      `The contact name ${contact.name.slice(0, 255)} is already assigned to another contact. The contact name must be unique across all active contacts.`,
  );
  found.add(
    contact.contactNumber !== null &&
      others.some((other) => other.contactNumber === contact.contactNumber) &&
      "The contact number is already assigned to another contact. It must be unique.",
  );
  found.add(!["ACTIVE", "ARCHIVED"].includes(contact.status) && "The contact status must be ACTIVE or ARCHIVED.");
  found.add(!isAddress(contact.emailAddress) && "Email address must be valid.");
  found.add(contact.persons.length > 5 && "A contact can have at most 5 contact persons.");
  found.add(
    contact.persons.some((person) => !isAddress(person.emailAddress)) &&
      "Email address of a contact person must be valid.",
  );
  found.add(
    contact.defaultCurrency !== null &&
      !isCurrency(books.organisation, contact.defaultCurrency) &&
      `Organisation is not subscribed to currency ${contact.defaultCurrency.slice(0, 10)}.`,
  );
  for (const [field, text, most] of lengths(contact)) found.add(tooLong(field, text, most));
  return found.messages;
}

const isAddress = (text: string): boolean => text === "" || (text.length <= 255 && email.safeParse(text).success);

const lengths = (contact: Contact): readonly (readonly [string, string | null, number])[] => [
  ["Name", contact.name, 255],
  ["FirstName", contact.firstName, 255],
  ["LastName", contact.lastName, 255],
  ["ContactNumber", contact.contactNumber, 50],
  ["AccountNumber", contact.accountNumber, 50],
  ["CompanyNumber", contact.companyNumber, 50],
  ["TaxNumber", contact.taxNumber, 50],
  ["BankAccountDetails", contact.bankAccountDetails, 255],
  ...contact.addresses.flatMap((address) => [
    ["AddressLine1", address.line1, 500] as const,
    ["AddressLine2", address.line2, 500] as const,
    ["AddressLine3", address.line3, 500] as const,
    ["AddressLine4", address.line4, 500] as const,
    ["City", address.city, 255] as const,
    ["Region", address.region, 255] as const,
    ["PostalCode", address.postalCode, 50] as const,
    ["Country", address.country, 50] as const,
    ["AttentionTo", address.attentionTo, 255] as const,
  ]),
  ...contact.phones.flatMap((phone) => [
    ["PhoneNumber", phone.number, 50] as const,
    ["PhoneAreaCode", phone.areaCode, 10] as const,
    ["PhoneCountryCode", phone.countryCode, 20] as const,
  ]),
];

const blankPhone = (type: PhoneNumber["type"]): PhoneNumber => ({ type, number: "", areaCode: "", countryCode: "" });
const blankAddress = (type: PostalAddress["type"]): PostalAddress => ({
  type,
  line1: "",
  line2: "",
  line3: "",
  line4: "",
  city: "",
  region: "",
  postalCode: "",
  country: "",
  attentionTo: "",
});

// One address and one phone of each type; an unknown type is ignored.
function withAddresses(
  addresses: readonly PostalAddress[],
  given: NonNullable<ContactBody["Addresses"]>,
): readonly PostalAddress[] {
  return addresses.map((address) => {
    const body = given.find((each) => each.AddressType === address.type);
    if (body === undefined) return address;
    return {
      type: address.type,
      line1: body.AddressLine1 ?? address.line1,
      line2: body.AddressLine2 ?? address.line2,
      line3: body.AddressLine3 ?? address.line3,
      line4: body.AddressLine4 ?? address.line4,
      city: body.City ?? address.city,
      region: body.Region ?? address.region,
      postalCode: body.PostalCode ?? address.postalCode,
      country: body.Country ?? address.country,
      attentionTo: body.AttentionTo ?? address.attentionTo,
    };
  });
}

function withPhones(phones: readonly PhoneNumber[], given: NonNullable<ContactBody["Phones"]>): readonly PhoneNumber[] {
  return phones.map((phone) => {
    const body = given.find((each) => each.PhoneType === phone.type);
    if (body === undefined) return phone;
    return {
      type: phone.type,
      number: body.PhoneNumber ?? phone.number,
      areaCode: body.PhoneAreaCode ?? phone.areaCode,
      countryCode: body.PhoneCountryCode ?? phone.countryCode,
    };
  });
}
