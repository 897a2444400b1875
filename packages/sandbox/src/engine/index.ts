export * from "./accounting-rows.ts";
export {
  type ApiAccess,
  type ApiRequest,
  apiAccess,
  checkAccess,
  type DeleteOutcome,
  deleteConnection,
  listConnections,
  type RefusedAccess,
  type TokenCheck,
} from "./api-access.ts";
export { addSecret, authenticateApp, type PresentedClient } from "./apps.ts";
export {
  type AuthoriseRefusal,
  authoriseCustomConnection,
  type ClientCredentialsOutcome,
  CUSTOM_CONNECTION_COUNTRIES,
  clientCredentials,
  deactivateCustomConnection,
  membershipKey,
} from "./client-credentials.ts";
export {
  type Choice,
  type ConsentOutcome,
  type ConsentRequest,
  consent,
  consentChoices,
  grantKey,
  liveConnection,
} from "./consent.ts";
export {
  accepts,
  decideRefresh,
  type RefreshDecision,
  type RefreshState,
  refreshExpiresAtMs,
  type SuccessorFacts,
  type TokenFacts,
} from "./decide-refresh.ts";
export { createEngine, type Engine, type EngineParts, patchSwitches, resetSwitches } from "./engine.ts";
export { issueAccess, issuePair, type TokenSet } from "./issue-tokens.ts";
export { type Change, createLedger, type Draft, type Ledger, type LedgerView } from "./ledger.ts";
export { setRole } from "./memberships.ts";
export type { Mint } from "./mint.ts";
export { type CodeOutcome, type CodeRefusal, type CodeRequest, redeemCode } from "./redeem-code.ts";
export { askRefresh, type RefreshOutcome, refresh } from "./refresh.ts";
export {
  endConnections,
  type RevocationOutcome,
  revokeAccess,
  revokeFamiliesOf,
  revokeFamily,
  revokeGrant,
  revokePresented,
} from "./revoke.ts";
export type { AfterGrace, Grace, GraceRetry, RefreshPolicy, Rotation } from "./rotation.ts";
export * from "./rows.ts";
export { nextEventAtMs, schedule } from "./schedule.ts";
export { APP_LEVEL_SCOPES, CONSENT_SCOPES, IDENTITY_SCOPES, isConsentScope, parseScopes } from "./scopes.ts";
export {
  DIALECTS,
  type DialectName,
  refreshPolicy,
  SWITCHES,
  type Switches,
  type SwitchFacts,
  type SwitchName,
  strict,
  switchProblems,
  xero,
} from "./switches.ts";
export type { Turn } from "./turn.ts";
export { type Fork, type LostGrant, type UsedAfterRevoke, type VerifyReport, verify } from "./verify.ts";
