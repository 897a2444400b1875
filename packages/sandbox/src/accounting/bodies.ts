import { z } from "zod";
import { badBody } from "./refusals.ts";
import { parseDate } from "./values.ts";

/** Null and absent mean the same to Xero; numbers and booleans may come as text and the other way round. */
const optional = <S extends z.ZodType>(schema: S) => z.preprocess((given) => given ?? undefined, schema.optional());

const words = optional(z.union([z.string(), z.number().transform(String), z.boolean().transform(String)]));
const amount = optional(
  z.union([
    z.number(),
    z
      .string()
      .trim()
      .regex(/^[+-]?(?:\d{1,15}(?:\.\d{0,15})?|\.\d{1,15})$/, "a number is expected")
      .transform(Number),
  ]),
);
const flag = optional(
  z.union([z.boolean(), z.enum(["true", "false", "True", "False"]).transform((text) => text.toLowerCase() === "true")]),
);
const day = optional(
  z.string().transform((text, context) => {
    const ms = parseDate(text);
    if (ms === null) context.addIssue({ code: "custom", message: "a date is expected, such as 2026-03-31" });
    return ms ?? 0;
  }),
);
const listOf = <S extends z.ZodType>(schema: S) => optional(z.array(schema).max(1000));

const address = z.object({
  AddressType: words,
  AddressLine1: words,
  AddressLine2: words,
  AddressLine3: words,
  AddressLine4: words,
  City: words,
  Region: words,
  PostalCode: words,
  Country: words,
  AttentionTo: words,
});
const phone = z.object({ PhoneType: words, PhoneNumber: words, PhoneAreaCode: words, PhoneCountryCode: words });
const person = z.object({ FirstName: words, LastName: words, EmailAddress: words, IncludeInEmails: flag });

const contact = z.object({
  ContactID: words,
  ContactNumber: words,
  AccountNumber: words,
  ContactStatus: words,
  Name: words,
  FirstName: words,
  LastName: words,
  CompanyNumber: words,
  EmailAddress: words,
  TaxNumber: words,
  BankAccountDetails: words,
  DefaultCurrency: words,
  Addresses: listOf(address),
  Phones: listOf(phone),
  ContactPersons: listOf(person),
});

const account = z.object({
  AccountID: words,
  Code: words,
  Name: words,
  Type: words,
  Status: words,
  Description: words,
  BankAccountNumber: words,
  BankAccountType: words,
  CurrencyCode: words,
  TaxType: words,
  EnablePaymentsToAccount: flag,
  ShowInExpenseClaims: flag,
  AddToWatchlist: flag,
});

const lineItem = z.object({
  LineItemID: words,
  Description: words,
  Quantity: amount,
  UnitAmount: amount,
  ItemCode: words,
  AccountCode: words,
  AccountID: words,
  TaxType: words,
  TaxAmount: amount,
  LineAmount: amount,
  DiscountRate: amount,
});

const document = {
  Type: words,
  Contact: optional(contact),
  Date: day,
  Reference: words,
  LineAmountTypes: optional(z.enum(["Exclusive", "Inclusive", "NoTax"])),
  LineItems: listOf(lineItem),
  CurrencyCode: words,
  CurrencyRate: amount,
  Url: words,
  Status: words,
};

const invoice = z.object({
  ...document,
  InvoiceID: words,
  InvoiceNumber: words,
  DueDate: day,
  SentToContact: flag,
  ExpectedPaymentDate: day,
  PlannedPaymentDate: day,
});

const bankTransaction = z.object({
  ...document,
  BankTransactionID: words,
  BankAccount: optional(account),
  IsReconciled: flag,
});

const payment = z.object({
  PaymentID: words,
  Invoice: optional(z.object({ InvoiceID: words, InvoiceNumber: words })),
  InvoiceNumber: words,
  Account: optional(account),
  Code: words,
  Date: day,
  Amount: amount,
  CurrencyRate: amount,
  Reference: words,
  IsReconciled: flag,
  Status: words,
});

/** What a caller may send, by element. Members that Xero has and the sandbox does not keep are ignored. */
export const bodies = { account, contact, lineItem, invoice, bankTransaction, payment } as const;

export type AccountBody = z.output<typeof account>;
export type ContactBody = z.output<typeof contact>;
export type LineItemBody = z.output<typeof lineItem>;
export type InvoiceBody = z.output<typeof invoice>;
export type BankTransactionBody = z.output<typeof bankTransaction>;
export type PaymentBody = z.output<typeof payment>;

/** The elements of a request body: a list, `{ "Invoices": […] }`, `{ "Invoice": {…} }` or one element itself. Throws `bad-body`. */
export function elementsOf(
  body: string,
  names: { readonly list: string; readonly element: string },
): readonly unknown[] {
  const parsed = parsedJson(body);
  const content = isRecord(parsed) ? (parsed[names.list] ?? parsed[names.element] ?? parsed) : parsed;
  const elements: readonly unknown[] = Array.isArray(content) ? content : [content];
  if (elements.length === 0) throw badBody(`No ${names.element} was sent.`);
  if (elements.length > 1000) throw badBody("At most 1000 elements can be sent in one request.");
  return elements;
}

/** Reads one element; throws `bad-body` with the place of what is wrong. */
export function readElement<S extends z.ZodType>(schema: S, given: unknown, path: string): z.output<S> {
  const read = schema.safeParse(given);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const place = [path, ...(issue?.path ?? [])].reduce<string>(
    (all, step) =>
      typeof step === "number" ? `${all}[${step}]` : all === "" ? String(step) : `${all}.${String(step)}`,
    "",
  );
  throw badBody(`Error converting a value: ${issue?.message ?? "it has another type"}. Path '${place}'.`);
}

function parsedJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw badBody("The body is neither JSON nor XML.");
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
