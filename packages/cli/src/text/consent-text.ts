import type { ConsentHistory, HeldConsent } from "@evergrant/contract";
import { localInstant } from "./instants.ts";
import { factsText, printable, table } from "./table.ts";

/** Consents that wait, one line each. */
export function heldConsentTable(consents: readonly HeldConsent[]): string {
  if (consents.length === 0) return "No consent waits for a decision.";
  return table(
    ["ID", "CONNECTION", "ORGANISATIONS", "BY", "BECAUSE", "SINCE"],
    consents.map((each) => [
      each.id,
      each.connection,
      each.tenants.join(", ") || "none",
      each.subjectName ?? each.subject ?? "unknown",
      each.because.join(", "),
      localInstant(each.atMs),
    ]),
  );
}

/** `Demo Company (NZ), by jane@demo.example from 192.0.2.7: accept?`, with what speaks against it and what it brings along. */
export function heldConsentQuestion(held: HeldConsent): string {
  const { tenants, because, sharedWith } = held;
  const remarks = [
    ...because.filter((reason) => reason !== "initiator-must-confirm").map((reason) => REASONS[reason]),
    ...(sharedWith.length === 0 ? [] : [`shares its grant with ${sharedWith.join(", ")}: callers of each reach all`]),
  ];
  const remark = remarks.length === 0 ? "" : ` [${remarks.join("; ")}]`;
  const from = held.from === null ? "" : ` from ${held.from.address}`;
  return printable(`${tenants.join(", ") || "No organisation"}, by ${givenBy(held)}${from}${remark}: accept?`);
}

/** One consent that waits, with all that whoever decides should look at. */
export function heldConsentText(held: HeldConsent): string {
  const others = held.reaches.filter((name) => !held.tenants.includes(name));
  return factsText(`${held.id} for ${held.connection}`, [
    ["Given by", givenBy(held)],
    ["Started", localInstant(held.startedAtMs)],
    ["From", fromText(held)],
    ["Organisations", held.tenants.join(", ") || "-"],
    ["Reaches also", others.join(", ") || "-"],
    ["Missing scopes", held.missingScopes.join(" ") || "-"],
    ["Shares grant with", held.sharedWith.join(", ") || "-"],
    ["Waits because", held.because.map((reason) => REASONS[reason]).join("; ")],
    ["Lapses", held.lapsesAtMs === null ? "-" : localInstant(held.lapsesAtMs)],
  ]);
}

/** A connection's consents, one line each: who, when, from where, and what became of it. */
export function consentHistoryTable(consents: ConsentHistory["consents"]): string {
  if (consents.length === 0) return "Nobody has started a consent yet.";
  return table(
    ["STARTED", "BY", "FROM", "ORGANISATIONS", "OUTCOME", "DECIDED BY", "ID"],
    consents.map((each) => [
      localInstant(each.startedAtMs),
      each.subject === null && each.subjectName === null ? "-" : givenBy(each),
      fromText(each),
      each.tenants.join(", ") || "-",
      each.outcome,
      each.decidedBy ?? "-",
      each.id,
    ]),
  );
}

type Given = Pick<HeldConsent, "subjectName" | "subject" | "from" | "pastedBy">;

function givenBy({ subjectName, subject }: Given): string {
  return subjectName ?? subject ?? "an unknown person";
}

function fromText({ from, pastedBy }: Given): string {
  if (pastedBy !== null) return `pasted by ${pastedBy}`;
  return from === null ? "-" : `${from.address}${from.agent === null ? "" : ` (${from.agent})`}`;
}

const REASONS: { readonly [Reason in HeldConsent["because"][number]]: string } = {
  "initiator-must-confirm": "nobody said beforehand which organisation to expect",
  "other-subject": "another person than before",
  "subject-unknown": "the provider does not say who it was",
  "expected-tenant-missing": "not the organisation that was expected",
  "new-tenant": "an organisation that was not there before",
  "no-tenant": "no organisation was chosen",
  "tenants-unread": "the organisations could not be read; a yes reads them first",
  "scope-missing": "fewer scopes than the connection needs",
  "link-revoked": "its link was taken back before the answer came",
};
