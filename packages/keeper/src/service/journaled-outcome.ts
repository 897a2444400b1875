import { classify, type ErrorDialect, type Outcome, STANDARD_ERRORS } from "@evergrant/core";
import type { JournalRecord } from "../ports/journal.ts";

type Answer = Extract<JournalRecord, { kind: "answer" }>;

/** What an answer that lies in a journal says; it is sorted as it was when it came. */
export function journaledOutcome({ status, body }: Answer, dialect: ErrorDialect): Outcome {
  return classify({ kind: "answered", status, body, retryAfterMs: null, serverDateMs: null }, dialect);
}

/** Whether it brought tokens; a status of 200 may be a page of a proxy. */
export function bringsTokens(answer: Answer): boolean {
  return journaledOutcome(answer, STANDARD_ERRORS).kind === "success";
}
