/** One account of an organisation's chart of accounts. */
export interface Account {
  readonly id: string;
  readonly organisationId: string;
  readonly code: string;
  readonly name: string;
  /** Xero's account type, e.g. `BANK` or `REVENUE`. */
  readonly type: string;
  readonly taxType: string;
  readonly status: "ACTIVE" | "ARCHIVED";
  readonly description: string;
  readonly bankAccountNumber: string;
  readonly bankAccountType: string;
  readonly currencyCode: string;
  readonly enablePaymentsToAccount: boolean;
  readonly showInExpenseClaims: boolean;
  readonly addToWatchlist: boolean;
  /** An account that Xero itself needs, e.g. `DEBTORS`; null: an ordinary one. */
  readonly systemAccount: string | null;
  readonly updatedAtMs: number;
}

export interface PostalAddress {
  readonly type: "POBOX" | "STREET";
  readonly line1: string;
  readonly line2: string;
  readonly line3: string;
  readonly line4: string;
  readonly city: string;
  readonly region: string;
  readonly postalCode: string;
  readonly country: string;
  readonly attentionTo: string;
}

export interface PhoneNumber {
  readonly type: "DEFAULT" | "DDI" | "MOBILE" | "FAX" | "OFFICE";
  readonly number: string;
  readonly areaCode: string;
  readonly countryCode: string;
}

export interface ContactPerson {
  readonly firstName: string;
  readonly lastName: string;
  readonly emailAddress: string;
  readonly includeInEmails: boolean;
}

export interface Contact {
  readonly id: string;
  readonly organisationId: string;
  readonly name: string;
  readonly status: "ACTIVE" | "ARCHIVED";
  readonly contactNumber: string | null;
  readonly accountNumber: string | null;
  readonly firstName: string;
  readonly lastName: string;
  readonly emailAddress: string;
  readonly companyNumber: string;
  readonly taxNumber: string;
  readonly bankAccountDetails: string;
  readonly defaultCurrency: string | null;
  readonly addresses: readonly PostalAddress[];
  readonly phones: readonly PhoneNumber[];
  readonly persons: readonly ContactPerson[];
  readonly isCustomer: boolean;
  readonly isSupplier: boolean;
  readonly updatedAtMs: number;
}

export interface LineItem {
  readonly id: string;
  readonly description: string;
  readonly quantity: number;
  readonly unitAmount: number;
  readonly itemCode: string | null;
  readonly accountCode: string | null;
  readonly taxType: string | null;
  readonly taxAmount: number;
  readonly lineAmount: number;
  readonly discountRate: number | null;
}

export type LineAmountTypes = "Exclusive" | "Inclusive" | "NoTax";

/** What an invoice and a bank transaction have in common. Dates are UTC midnights; amounts have at most two decimals. */
interface Document {
  readonly id: string;
  readonly organisationId: string;
  readonly contactId: string;
  readonly dateMs: number;
  readonly reference: string;
  readonly lineAmountTypes: LineAmountTypes;
  readonly lines: readonly LineItem[];
  readonly subTotal: number;
  readonly totalTax: number;
  readonly total: number;
  readonly currencyCode: string;
  readonly currencyRate: number;
  readonly url: string | null;
  readonly updatedAtMs: number;
}

export type InvoiceStatus = "DRAFT" | "SUBMITTED" | "DELETED" | "AUTHORISED" | "PAID" | "VOIDED";

export interface Invoice extends Document {
  readonly type: "ACCREC" | "ACCPAY";
  readonly number: string;
  readonly status: InvoiceStatus;
  readonly dueDateMs: number | null;
  readonly sentToContact: boolean;
  readonly expectedPaymentDateMs: number | null;
  readonly plannedPaymentDateMs: number | null;
  readonly fullyPaidOnMs: number | null;
  /** The app that made it; null: it was there from the start. */
  readonly createdByClientId: string | null;
}

export interface Payment {
  readonly id: string;
  readonly organisationId: string;
  readonly invoiceId: string;
  readonly accountId: string;
  readonly dateMs: number;
  readonly amount: number;
  readonly currencyRate: number;
  readonly reference: string;
  readonly isReconciled: boolean;
  readonly status: "AUTHORISED" | "DELETED";
  readonly updatedAtMs: number;
}

export interface BankTransaction extends Document {
  readonly type: "RECEIVE" | "SPEND";
  readonly bankAccountId: string;
  readonly isReconciled: boolean;
  readonly status: "AUTHORISED" | "DELETED";
}

/** What was answered to a request that carried an `Idempotency-Key`. */
export interface RememberedAnswer {
  readonly key: string;
  /** A hash of the request it belongs to. */
  readonly fingerprint: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly expiresAtMs: number;
}

/** Calls counted in the running windows: of one app to one organisation, or of one app to all. */
export interface ApiUsage {
  readonly minuteStartMs: number;
  readonly minuteCalls: number;
  readonly dayStartMs: number;
  readonly dayCalls: number;
}
