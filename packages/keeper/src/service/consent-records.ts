import type { ConsentOrigin, StoredConsent } from "../ports/consent-store.ts";
import type { AuditEntry, Records } from "../ports/records.ts";

export type ConsentLine = Pick<AuditEntry, "event" | "by" | "facts">;

/** One line of the story of a consent's connection. */
export function consentRecords(consent: StoredConsent, atMs: number, line: ConsentLine): Records {
  const facts = { consent: consent.id, ...line.facts };
  return { audit: [{ ...line, facts, subject: { kind: "connection", id: consent.connection }, atMs }], notices: [] };
}

/** Where somebody acted from, as facts of an audit record. */
export function originFacts(from: ConsentOrigin | null): Readonly<Record<string, string>> {
  if (from === null) return {};
  return { address: from.address, ...(from.agent === null ? {} : { agent: from.agent }) };
}
