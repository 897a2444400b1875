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
export { callsPerDay, mayConnectInBulk } from "./app-limits.ts";
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
  type ConsentRefusal,
  type ConsentRequest,
  consent,
  consentChoices,
  grantKey,
  liveConnection,
} from "./consent.ts";
export {
  allowConsentLink,
  declineConsentLink,
  endLinks,
  lastConsentLink,
  mailConsentLink,
  type OpenedLink,
  openConsentLink,
} from "./consent-links.ts";
export type * from "./custom-connection-rows.ts";
export { refusedAtCreation, refusedAtEdit } from "./custom-connection-scopes.ts";
export {
  type CustomConnectionApp,
  type CustomConnectionEdit,
  createCustomConnection,
  editCustomConnection,
  type NewCustomConnection,
} from "./custom-connections.ts";
export {
  accepts,
  decideRefresh,
  type RefreshDecision,
  type RefreshState,
  refreshExpiresAtMs,
  type SuccessorFacts,
  type TokenFacts,
} from "./decide-refresh.ts";
export { DIALECTS, type Dialect, type DialectName, PRESETS } from "./dialects.ts";
export { createEngine, type Engine, type EngineParts, patchSwitches, resetSwitches } from "./engine.ts";
export { issueAccess, issuePair, type TokenSet } from "./issue-tokens.ts";
export { type Change, createLedger, type Draft, type Ledger, type LedgerView } from "./ledger.ts";
export { resetDemoCompany, setRole } from "./memberships.ts";
export type { Mint } from "./mint.ts";
export { buyCustomConnection, endPurchase, isBought, type PurchaseRefusal } from "./purchases.ts";
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
export {
  APP_LEVEL_SCOPES,
  CONSENT_SCOPES,
  IDENTITY_SCOPES,
  isConsentScope,
  isInSeason,
  parseScopes,
} from "./scopes.ts";
export {
  refreshPolicy,
  SWITCHES,
  type Switches,
  type SwitchFacts,
  type SwitchName,
  switchProblems,
  xero,
} from "./switches.ts";
export { TIERS, type Tier } from "./tiers.ts";
export type { Turn } from "./turn.ts";
export {
  type Fork,
  type LostGrant,
  type UsedAfterExpiry,
  type UsedAfterRevoke,
  type VerifyReport,
  verify,
} from "./verify.ts";
export * from "./webhook-rows.ts";
export {
  type BusinessEvent,
  deliveryAnswered,
  dueEvents,
  emitEvent,
  probesAnswered,
  probeWebhook,
  removeWebhook,
  setWebhook,
} from "./webhooks.ts";
