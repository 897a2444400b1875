import { accounts } from "./accounts.ts";
import { bankTransactions } from "./bank-transactions.ts";
import { contacts } from "./contacts.ts";
import { invoices } from "./invoices.ts";
import { payments } from "./payments.ts";
import type { Resource } from "./resource.ts";

/** The resources of the accounting API that have lists. `Organisation` stands alone. */
export const RESOURCES: readonly Resource[] = [accounts, contacts, invoices, payments, bankTransactions];

/** What opens `GET /Organisation`. */
export const ORGANISATION_SCOPES: readonly string[] = ["accounting.settings", "accounting.settings.read"];
