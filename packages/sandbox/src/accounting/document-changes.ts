import type { Contact, LineAmountTypes } from "../engine/index.ts";
import type { InvoiceBody } from "./bodies.ts";
import type { Books } from "./books.ts";
import { contactProblems, newContact } from "./contact-changes.ts";
import { existingContact } from "./contacts.ts";
import { isCurrency } from "./currencies.ts";
import { type Findings, tooLong } from "./write-result.ts";

/**
 * The contact a document names: one that is there, or a new one made from a name nobody has yet.
 * A new one is stored only by whoever stores the document.
 */
export function documentContact(books: Books, body: InvoiceBody["Contact"], found: Findings): Contact | undefined {
  if (body === undefined) return undefined;
  const existing = existingContact(books, body);
  if (existing !== undefined) {
    found.add(existing.status !== "ACTIVE" && "The contact is archived. Restore it before it is used.");
    return existing;
  }
  if (body.ContactID !== undefined || body.Name === undefined) {
    found.add("The contact with the specified contact details could not be found.");
    return undefined;
  }
  const made = newContact(books, body);
  for (const problem of contactProblems(books, made)) found.add(problem);
  return made;
}

export interface DocumentFacts {
  readonly reference: string;
  readonly url: string | null;
  readonly currencyCode: string;
  readonly currencyRate: number;
  readonly total: number;
}

/** What forbids storing a document, whatever its kind. */
export function checkDocument(books: Books, facts: DocumentFacts, found: Findings): void {
  found.add(tooLong("Reference", facts.reference, 255));
  found.add(tooLong("Url", facts.url, 500));
  found.add(facts.url !== null && !/^https?:\/\/\S+$/i.test(facts.url) && "The Url must be an absolute address.");
  found.add(
    !isCurrency(books.organisation, facts.currencyCode) &&
      `Organisation is not subscribed to currency ${facts.currencyCode.slice(0, 10)}.`,
  );
  found.add(!(facts.currencyRate > 0 && facts.currencyRate <= 999_999) && "The currency rate must be more than 0.");
  found.add(facts.total < 0 && "The total of the document must be 0 or more.");
}

export const typesOr = (given: LineAmountTypes | undefined, before: LineAmountTypes | undefined): LineAmountTypes =>
  given ?? before ?? "Exclusive";
