import { FULL_PROTOCOL, LOCK_REFRESH_UPDATE, type Protocol } from "./protocol.ts";

export type AblationName =
  | "nothing"
  | "intent"
  | "compare-and-set"
  | "lease"
  | "previous kept"
  | "candidates"
  | "journal"
  | "local intent"
  | "drain"
  | "later owed"
  | "later owed + confirm"
  | "later owed + replay through lease"
  | "confirm"
  | "late confirm"
  | "past-grace hold"
  | "past-grace hold for all but the last attempter"
  | "local retry within lease"
  | "replay through lease"
  | "replay through lease + send check"
  | "replay through lease + send check + confirm"
  | "re-read"
  | "send check"
  | "chain in the comparison"
  | "lock, refresh, UPDATE";

/** What is left of the protocol when one ingredient is taken out; the last row is the usual design of others. */
export const ABLATIONS: { readonly [Name in AblationName]: Protocol } = {
  nothing: FULL_PROTOCOL,
  intent: { ...FULL_PROTOCOL, intent: false, localIntent: false },
  "compare-and-set": { ...FULL_PROTOCOL, compareAndSet: false },
  lease: { ...FULL_PROTOCOL, lease: false },
  "previous kept": { ...FULL_PROTOCOL, previousKept: false },
  candidates: { ...FULL_PROTOCOL, candidates: false },
  journal: { ...FULL_PROTOCOL, journal: false, localIntent: false },
  "local intent": { ...FULL_PROTOCOL, localIntent: false },
  drain: { ...FULL_PROTOCOL, drain: false },
  "later owed": { ...FULL_PROTOCOL, laterOwed: false },
  "later owed + confirm": { ...FULL_PROTOCOL, laterOwed: false, confirm: "never" },
  "later owed + replay through lease": { ...FULL_PROTOCOL, laterOwed: false, replayThroughLease: false },
  confirm: { ...FULL_PROTOCOL, confirm: "never" },
  "late confirm": { ...FULL_PROTOCOL, confirm: "early" },
  "past-grace hold": { ...FULL_PROTOCOL, pastGraceHold: "never" },
  "past-grace hold for all but the last attempter": { ...FULL_PROTOCOL, pastGraceHold: "last-attempter" },
  "local retry within lease": { ...FULL_PROTOCOL, localRetryWithinLease: false },
  "replay through lease": { ...FULL_PROTOCOL, replayThroughLease: false },
  "replay through lease + send check": { ...FULL_PROTOCOL, replayThroughLease: false, sendCheck: false },
  "replay through lease + send check + confirm": {
    ...FULL_PROTOCOL,
    replayThroughLease: false,
    sendCheck: false,
    confirm: "never",
  },
  "re-read": { ...FULL_PROTOCOL, reread: false },
  "send check": { ...FULL_PROTOCOL, sendCheck: false },
  "chain in the comparison": { ...FULL_PROTOCOL, chainCompared: false },
  "lock, refresh, UPDATE": LOCK_REFRESH_UPDATE,
};
