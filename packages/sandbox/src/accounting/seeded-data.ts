import type { Invoice } from "../engine/index.ts";

interface SeededAccount {
  readonly code: string;
  readonly name: string;
  readonly type: string;
  readonly system?: string;
  readonly takesPayments?: boolean;
}

/** The chart of accounts of every organisation at the start. */
export const SEEDED_ACCOUNTS: readonly SeededAccount[] = [
  { code: "090", name: "Business Bank Account", type: "BANK" },
  { code: "091", name: "Business Savings Account", type: "BANK" },
  { code: "200", name: "Sales", type: "REVENUE" },
  { code: "260", name: "Other Revenue", type: "REVENUE" },
  { code: "310", name: "Cost of Goods Sold", type: "DIRECTCOSTS" },
  { code: "400", name: "Advertising", type: "EXPENSE" },
  { code: "404", name: "Bank Fees", type: "EXPENSE" },
  { code: "429", name: "General Expenses", type: "EXPENSE" },
  { code: "445", name: "Light, Power, Heating", type: "EXPENSE" },
  { code: "469", name: "Rent", type: "EXPENSE" },
  { code: "610", name: "Accounts Receivable", type: "CURRENT", system: "DEBTORS" },
  { code: "710", name: "Office Equipment", type: "FIXED" },
  { code: "800", name: "Accounts Payable", type: "CURRLIAB", system: "CREDITORS" },
  { code: "820", name: "Sales Tax", type: "CURRLIAB", system: "GST" },
  { code: "860", name: "Rounding", type: "CURRLIAB", system: "ROUNDING" },
  { code: "880", name: "Owner Drawings", type: "EQUITY", takesPayments: true },
  { code: "960", name: "Retained Earnings", type: "EQUITY", system: "RETAINEDEARNINGS" },
];

/** The contacts of every organisation at the start; each second one is a supplier. */
export const SEEDED_CONTACTS = [
  "Bayside Club",
  "City Limousines",
  "Hamilton Smith Ltd",
  "Marine Systems",
  "Ridgeway University",
] as const;

type SeededContact = (typeof SEEDED_CONTACTS)[number];

export interface SeededInvoice {
  readonly type: Invoice["type"];
  readonly number: string;
  readonly status: "DRAFT" | "SUBMITTED" | "AUTHORISED" | "PAID" | "VOIDED";
  readonly contact: SeededContact;
  readonly reference: string;
  readonly daysAgo: number;
  readonly description: string;
  readonly quantity: number;
  readonly unitAmount: number;
  readonly account: string;
  /** A part that has been paid. */
  readonly paid?: number;
}

const sale = (facts: Omit<SeededInvoice, "type" | "account">): SeededInvoice => ({
  type: "ACCREC",
  account: "200",
  ...facts,
});
const bill = (facts: Omit<SeededInvoice, "type">): SeededInvoice => ({ type: "ACCPAY", ...facts });

export const SEEDED_INVOICES: readonly SeededInvoice[] = [
  sale({
    number: "INV-0001",
    status: "PAID",
    contact: "Hamilton Smith Ltd",
    reference: "Monthly support",
    daysAgo: 60,
    description: "Desktop and network support, per month",
    quantity: 1,
    unitAmount: 500,
  }),
  sale({
    number: "INV-0002",
    status: "PAID",
    contact: "Bayside Club",
    reference: "P/O 9711",
    daysAgo: 45,
    description: "Golf balls, white, single",
    quantity: 200,
    unitAmount: 5.6,
  }),
  sale({
    number: "INV-0003",
    status: "AUTHORISED",
    contact: "Hamilton Smith Ltd",
    reference: "Monthly support",
    daysAgo: 30,
    description: "Desktop and network support, per month",
    quantity: 1,
    unitAmount: 500,
  }),
  sale({
    number: "INV-0004",
    status: "AUTHORISED",
    contact: "Ridgeway University",
    reference: "Training",
    daysAgo: 20,
    description: "Half day training, Microsoft Office",
    quantity: 3,
    unitAmount: 275.5,
    paid: 250,
  }),
  sale({
    number: "INV-0005",
    status: "AUTHORISED",
    contact: "Bayside Club",
    reference: "",
    daysAgo: 5,
    description: "Events tickets",
    quantity: 12,
    unitAmount: 33.33,
  }),
  sale({
    number: "INV-0006",
    status: "SUBMITTED",
    contact: "Ridgeway University",
    reference: "P/O CRM08-12",
    daysAgo: 3,
    description: "Project management, per day",
    quantity: 2.5,
    unitAmount: 900,
  }),
  sale({
    number: "INV-0007",
    status: "DRAFT",
    contact: "Hamilton Smith Ltd",
    reference: "Monthly support",
    daysAgo: 0,
    description: "Desktop and network support, per month",
    quantity: 1,
    unitAmount: 500,
  }),
  sale({
    number: "INV-0008",
    status: "VOIDED",
    contact: "Bayside Club",
    reference: "Entered twice",
    daysAgo: 44,
    description: "Golf balls, white, single",
    quantity: 200,
    unitAmount: 5.6,
  }),
  bill({
    number: "945-OCon",
    status: "PAID",
    contact: "City Limousines",
    reference: "",
    daysAgo: 40,
    description: "Airport transfers",
    quantity: 4,
    unitAmount: 62.5,
    account: "429",
  }),
  bill({
    number: "RPT445-1",
    status: "AUTHORISED",
    contact: "Marine Systems",
    reference: "",
    daysAgo: 12,
    description: "Monthly electricity",
    quantity: 1,
    unitAmount: 108.6,
    account: "445",
  }),
  bill({
    number: "RPT469-1",
    status: "AUTHORISED",
    contact: "City Limousines",
    reference: "",
    daysAgo: 8,
    description: "Office rent",
    quantity: 1,
    unitAmount: 1181.25,
    account: "469",
  }),
  bill({
    number: "AP-77",
    status: "DRAFT",
    contact: "Marine Systems",
    reference: "",
    daysAgo: 1,
    description: "Printer",
    quantity: 1,
    unitAmount: 440,
    account: "710",
  }),
];

export const SEEDED_BANK_TRANSACTIONS = [
  {
    type: "SPEND",
    reference: "Sub 098801",
    contact: "City Limousines",
    daysAgo: 25,
    description: "Bank fees",
    quantity: 1,
    unitAmount: 15,
    account: "404",
  },
  {
    type: "SPEND",
    reference: "Eft",
    contact: "Marine Systems",
    daysAgo: 15,
    description: "Flyers",
    quantity: 500,
    unitAmount: 0.46,
    account: "400",
  },
  {
    type: "RECEIVE",
    reference: "DD 2231",
    contact: "Ridgeway University",
    daysAgo: 9,
    description: "Room hire",
    quantity: 2,
    unitAmount: 180,
    account: "260",
  },
  {
    type: "SPEND",
    reference: "GB1-White",
    contact: "City Limousines",
    daysAgo: 2,
    description: "Golf balls, purchase",
    quantity: 60,
    unitAmount: 3.15,
    account: "310",
  },
] as const satisfies readonly { readonly contact: SeededContact; readonly [name: string]: unknown }[];
