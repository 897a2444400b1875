import type { LineAmountTypes, LineItem } from "../engine/index.ts";
import type { LineItemBody } from "./bodies.ts";
import type { Books } from "./books.ts";
import { taxRate } from "./tax-rates.ts";
import { cents, Decimal, type Element, isGuid, money, rounded } from "./values.ts";
import { type Findings, tooLong } from "./write-result.ts";

export interface LineContext {
  readonly lineAmountTypes: LineAmountTypes;
  /** The tax type of a line that names none and whose account has none. */
  readonly defaultTaxType: string;
  /** Whether the document is more than a draft, so that lines must be complete. */
  readonly complete: boolean;
  readonly unitPlaces: 2 | 4;
}

const largest = 9_999_999_999.99;

/** Reads the lines of an invoice or bank transaction, and works out their amounts and tax. */
export function readLines(
  books: Books,
  given: readonly LineItemBody[],
  context: LineContext & { readonly found: Findings },
): readonly LineItem[] {
  const seen = new Set<string>();
  return given.map((line) => {
    const id = line.LineItemID?.toLowerCase() ?? "";
    const known = isGuid(id) && !seen.has(id);
    if (known) seen.add(id);
    return readLine(books, { line, id: known ? id : books.turn.mint.uuid(books.turn.label("line")) }, context);
  });
}

function readLine(
  books: Books,
  { line, id }: { readonly line: LineItemBody; readonly id: string },
  context: LineContext & { readonly found: Findings },
): LineItem {
  const { found } = context;
  const account = accountOf(books, line);
  const accountCode = account?.code ?? line.AccountCode ?? null;
  const taxType =
    context.lineAmountTypes === "NoTax" ? "NONE" : (line.TaxType ?? account?.taxType ?? context.defaultTaxType);
  const rate = taxRate(books.organisation, taxType);
  found.add(tooLong("Description", line.Description, 4000));
  found.add(context.complete && (line.Description ?? "").trim() === "" && "A line item needs a description.");
  found.add(
    context.complete &&
      account === undefined &&
      `Account code '${accountCode ?? ""}' is not a valid code for this document.`,
  );
  found.add(
    context.complete &&
      account !== undefined &&
      account.status !== "ACTIVE" &&
      `Account code '${account.code}' has been archived, or deleted.`,
  );
  found.add(
    rate === null &&
      `TaxType code '${taxType.slice(0, 50)}' does not exist or cannot be used for this type of transaction.`,
  );
  const amounts = amountsOf(line, context);
  return {
    id,
    description: line.Description ?? "",
    itemCode: line.ItemCode ?? null,
    accountCode,
    taxType,
    ...amounts,
    taxAmount: taxOf(
      { given: line.TaxAmount, lineAmount: amounts.lineAmount, rate: rate ?? 0 },
      context.lineAmountTypes,
    ),
  };
}

function accountOf(books: Books, line: LineItemBody) {
  if (line.AccountID !== undefined) return books.get("accounts", line.AccountID);
  return books.accounts().find((account) => account.code === line.AccountCode && account.code !== "");
}

function amountsOf(line: LineItemBody, { unitPlaces, found }: LineContext & { readonly found: Findings }) {
  const quantity = rounded(line.Quantity ?? 1, 4);
  const discountRate = line.DiscountRate ?? null;
  found.add(
    discountRate !== null && (discountRate < 0 || discountRate > 100) && "The discount rate must be between 0 and 100.",
  );
  const share = 1 - (discountRate ?? 0) / 100;
  const derived =
    line.LineAmount === undefined || quantity === 0 || share === 0 ? 0 : line.LineAmount / quantity / share;
  const unitAmount = rounded(line.UnitAmount ?? derived, unitPlaces);
  const expected = cents(quantity * unitAmount * share);
  const lineAmount = cents(line.LineAmount ?? expected);
  const tooLarge = [quantity, unitAmount, lineAmount, line.TaxAmount ?? 0].some(
    (value) => !(Math.abs(value) <= largest),
  );
  found.add(tooLarge && `Amounts may be at most ${largest}.`);
  found.add(
    line.LineAmount !== undefined &&
      line.UnitAmount !== undefined &&
      Math.abs(lineAmount - expected) > 0.01 &&
      `The line total ${lineAmount.toFixed(2)} does not match the expected line total ${expected.toFixed(2)}`,
  );
  return { quantity, unitAmount, lineAmount, discountRate };
}

function taxOf(
  line: { readonly given: number | undefined; readonly lineAmount: number; readonly rate: number },
  types: LineAmountTypes,
): number {
  switch (types) {
    case "NoTax":
      return 0;
    case "Exclusive":
      return cents(line.given ?? (line.lineAmount * line.rate) / 100);
    case "Inclusive":
      return cents(line.given ?? (line.lineAmount * line.rate) / (100 + line.rate));
  }
}

/** The sums of a document. */
export function totalsOf(lines: readonly LineItem[], types: LineAmountTypes) {
  const amount = cents(lines.reduce((sum, line) => sum + line.lineAmount, 0));
  const totalTax = cents(lines.reduce((sum, line) => sum + line.taxAmount, 0));
  const subTotal = types === "Inclusive" ? cents(amount - totalTax) : amount;
  return { subTotal, totalTax, total: cents(subTotal + totalTax) };
}

/** A line as it is answered; `unitdp=4` shows four decimals of the unit amount. */
export const lineShape = (line: LineItem, unitPlaces: 2 | 4): Element => ({
  ...(line.itemCode === null ? {} : { ItemCode: line.itemCode }),
  Description: line.description,
  UnitAmount: new Decimal(rounded(line.unitAmount, unitPlaces), unitPlaces),
  TaxType: line.taxType ?? undefined,
  TaxAmount: money(line.taxAmount),
  LineAmount: money(line.lineAmount),
  AccountCode: line.accountCode ?? undefined,
  Tracking: [],
  Quantity: new Decimal(line.quantity, 4),
  ...(line.discountRate === null ? {} : { DiscountRate: money(line.discountRate) }),
  LineItemID: line.id,
});
