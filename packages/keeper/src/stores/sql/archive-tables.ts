/** Every table that a copy of the store holds, with its key, those that others refer to first. */
export const ARCHIVED_TABLES: readonly { readonly table: string; readonly key: readonly string[] }[] = [
  { table: "deployment", key: ["singleton"] },
  { table: "node", key: ["node"] },
  { table: "app", key: ["id"] },
  { table: "grant", key: ["id"] },
  { table: "token_version", key: ["id"] },
  { table: "connection", key: ["id"] },
  { table: "consent_link", key: ["hash"] },
  { table: "consent", key: ["id"] },
  { table: "caller", key: ["id"] },
  { table: "caller_use", key: ["caller_id", "credential"] },
  { table: "permission", key: ["caller_id", "position"] },
  { table: "narrowed_permission", key: ["caller_id", "position"] },
  { table: "used_assertion", key: ["digest"] },
  { table: "audit_record", key: ["node", "sequence"] },
  { table: "audit_chain", key: ["node"] },
  { table: "counter", key: ["name"] },
  { table: "notice_recipient", key: ["id"] },
  { table: "notice_matter", key: ["key"] },
  { table: "operator", key: ["id"] },
  { table: "operator_use", key: ["operator_id", "credential"] },
];

/** Tables that no copy holds, and why. */
export const NOT_ARCHIVED: Readonly<Record<string, string>> = {
  migration: "the steps of the schema are taken anew by whoever opens the store",
  operator_session: "who signed in to a database of the past signs in anew",
  idempotent_create: "answers that may be asked for again for a day; what they made is in the copy by itself",
  node_report: "what nodes say of themselves now; they say it again",
  notice_delivery: "what is on its way to people comes from the outbox",
  outbox: "people were told what was to be told; a restored store tells nobody again",
};
