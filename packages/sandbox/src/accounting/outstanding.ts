import type { Invoice } from "../engine/index.ts";
import type { Books } from "./books.ts";
import { cents, type Element, money } from "./values.ts";

/** What has been paid on an invoice, from the payments that stand. */
export function amountPaid(books: Books, invoiceId: string): number {
  return cents(
    books
      .payments()
      .filter((payment) => payment.invoiceId === invoiceId && payment.status === "AUTHORISED")
      .reduce((sum, payment) => sum + payment.amount, 0),
  );
}

/** What is still to be paid. */
export const amountDue = (books: Books, invoice: Invoice): number =>
  invoice.status === "VOIDED" || invoice.status === "DELETED"
    ? 0
    : cents(invoice.total - amountPaid(books, invoice.id));

/** A contact's `Balances`; undefined where nothing is open. */
export function contactBalances(books: Books, contactId: string): Element | undefined {
  const open = books.invoices().filter((invoice) => invoice.contactId === contactId && invoice.status === "AUTHORISED");
  if (open.length === 0) return undefined;
  const side = (type: Invoice["type"]): Element => {
    const mine = open.filter((invoice) => invoice.type === type);
    const overdue = mine.filter((invoice) => (invoice.dueDateMs ?? Number.POSITIVE_INFINITY) < books.turn.nowMs);
    const sum = (invoices: readonly Invoice[]) =>
      cents(invoices.reduce((all, each) => all + amountDue(books, each), 0));
    return { Outstanding: money(sum(mine)), Overdue: money(sum(overdue)) };
  };
  return { AccountsReceivable: side("ACCREC"), AccountsPayable: side("ACCPAY") };
}
