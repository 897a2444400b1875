import type { QuarantineReason } from "@evergrant/core";

/** What was found, in words for an operator. */
export const QUARANTINE_WORDS: { readonly [Reason in QuarantineReason]: string } = {
  "store-behind":
    "The database is behind this node's journal by more than a fail-over loses: answers that it had acknowledged are gone from it.",
  "journal-behind":
    "The database was told of journal records that this node's journal folder does not have: the folder was lost or put back.",
  "journal-unknown":
    "Another journal than this one belongs to the database file: the file was copied here, or the journal folder was lost.",
  "other-deployment": "The database belongs to another deployment.",
  "other-incarnation":
    "The database is in another incarnation than this node knows: an operator released it, or a copy of it, while this node was away.",
  "other-server": "The database is on another Postgres cluster than before: its system identifier has changed.",
};
