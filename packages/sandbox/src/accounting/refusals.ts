import type { Element } from "./values.ts";

/** Why a call to the accounting API is answered with 400 or 404. Xero's numbers, types and sentences. */
export type Refusal =
  | { readonly kind: "not-found" }
  | { readonly kind: "bad-query"; readonly message: string }
  | { readonly kind: "bad-body"; readonly message: string }
  | { readonly kind: "invalid"; readonly elements: readonly Element[] };

/** A refusal on its way up to the answer; the transaction it happens in changes nothing. */
export class RefusedCall extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.kind);
    this.name = "RefusedCall";
    this.refusal = refusal;
  }
}

/** HTTP 400 `QueryParseException` (16). */
export const badQuery = (message: string): RefusedCall => new RefusedCall({ kind: "bad-query", message });

/** HTTP 400 `PostDataInvalidException` (14). */
export const badBody = (message: string): RefusedCall => new RefusedCall({ kind: "bad-body", message });

export const notFound = (): RefusedCall => new RefusedCall({ kind: "not-found" });
