import type { Account } from "../engine/index.ts";
import type { AccountBody } from "./bodies.ts";
import type { Books } from "./books.ts";
import { isCurrency } from "./currencies.ts";
import { taxRate, taxTypesOf } from "./tax-rates.ts";
import { findings, tooLong } from "./write-result.ts";

/** Xero's account types with their classes. */
export const ACCOUNT_CLASSES: Readonly<Record<string, string>> = {
  BANK: "ASSET",
  CURRENT: "ASSET",
  FIXED: "ASSET",
  INVENTORY: "ASSET",
  NONCURRENT: "ASSET",
  PREPAYMENT: "ASSET",
  EQUITY: "EQUITY",
  DEPRECIATN: "EXPENSE",
  DIRECTCOSTS: "EXPENSE",
  EXPENSE: "EXPENSE",
  OVERHEADS: "EXPENSE",
  CURRLIAB: "LIABILITY",
  LIABILITY: "LIABILITY",
  TERMLIAB: "LIABILITY",
  PAYG: "LIABILITY",
  OTHERINCOME: "REVENUE",
  REVENUE: "REVENUE",
  SALES: "REVENUE",
};

const isKnownType = (type: string): boolean => Object.hasOwn(ACCOUNT_CLASSES, type);

export function defaultTaxType(books: Books, type: string): string {
  const { sales, purchases } = taxTypesOf(books.organisation);
  switch (ACCOUNT_CLASSES[type]) {
    case "REVENUE":
      return sales;
    case "EXPENSE":
      return purchases;
    default:
      return "NONE";
  }
}

/** An account from what was sent. Nothing is stored. */
export function newAccount(books: Books, body: AccountBody): Account {
  const type = body.Type ?? "";
  const blank: Account = {
    id: books.turn.mint.uuid(books.turn.label("account")),
    organisationId: books.organisation.id,
    code: "",
    name: "",
    type,
    taxType: isKnownType(type) ? defaultTaxType(books, type) : "NONE",
    status: "ACTIVE",
    description: "",
    bankAccountNumber: "",
    bankAccountType: type === "BANK" ? "BANK" : "",
    currencyCode: books.organisation.baseCurrency,
    enablePaymentsToAccount: false,
    showInExpenseClaims: false,
    addToWatchlist: false,
    systemAccount: null,
    updatedAtMs: books.turn.nowMs,
  };
  return changedAccount(books, blank, body);
}

/** An account with what was sent put over it. Nothing is stored. */
export const changedAccount = (books: Books, account: Account, body: AccountBody): Account => ({
  ...account,
  code: body.Code ?? account.code,
  name: body.Name ?? account.name,
  type: body.Type ?? account.type,
  taxType: body.TaxType ?? account.taxType,
  status: (body.Status ?? account.status) as Account["status"],
  description: body.Description ?? account.description,
  bankAccountNumber: body.BankAccountNumber ?? account.bankAccountNumber,
  bankAccountType: body.BankAccountType ?? account.bankAccountType,
  currencyCode: body.CurrencyCode ?? account.currencyCode,
  enablePaymentsToAccount: body.EnablePaymentsToAccount ?? account.enablePaymentsToAccount,
  showInExpenseClaims: body.ShowInExpenseClaims ?? account.showInExpenseClaims,
  addToWatchlist: body.AddToWatchlist ?? account.addToWatchlist,
  updatedAtMs: books.turn.nowMs,
});

/** What forbids storing an account. */
export function accountProblems(books: Books, account: Account, before: Account | undefined): readonly string[] {
  const found = findings();
  const others = books.accounts().filter((other) => other.id !== account.id);
  found.add(account.code.trim() === "" && account.type !== "BANK" && "Please enter a code for the account.");
  found.add(account.name.trim() === "" && "Please enter a name for the account.");
  found.add(!isKnownType(account.type) && "Please enter a valid account type.");
  found.add(
    account.code !== "" && others.some((other) => other.code === account.code) && "Please enter a unique Code.",
  );
  found.add(others.some((other) => other.name === account.name) && "Please enter a unique Name.");
  found.add(tooLong("Code", account.code, 10));
  found.add(tooLong("Name", account.name, 150));
  found.add(tooLong("Description", account.description, 4000));
  found.add(tooLong("BankAccountNumber", account.bankAccountNumber, 50));
  found.add(taxRate(books.organisation, account.taxType) === null && "The tax type does not exist.");
  found.add(!["ACTIVE", "ARCHIVED"].includes(account.status) && "The status must be ACTIVE or ARCHIVED.");
  found.add(
    !["BANK", "CREDITCARD", "PAYPAL", "NONE", ""].includes(account.bankAccountType) &&
      "The bank account type is not valid.",
  );
  found.add(
    account.type === "BANK" &&
      account.bankAccountNumber === "" &&
      account.bankAccountType === "BANK" &&
      "Please enter a bank account number.",
  );
  found.add(
    !isCurrency(books.organisation, account.currencyCode) &&
      `Organisation is not subscribed to currency ${account.currencyCode.slice(0, 10)}.`,
  );
  if (before !== undefined) {
    const systemChanged =
      before.systemAccount !== null && (before.type !== account.type || before.status !== account.status);
    found.add(systemChanged && "A system account cannot be archived or change its type.");
    found.add(
      (before.type === "BANK") !== (account.type === "BANK") &&
        "An account cannot become a bank account, nor cease to be one.",
    );
  }
  return found.messages;
}
