export { type AllowedAddresses, isAllowedAddress } from "./allowed-address.ts";
export {
  type Admission,
  type AmbiguityBreaker,
  admit,
  CLOSED_BREAKER,
  noteOutcome,
  noteOwed,
  type Owed,
} from "./ambiguity-breaker.ts";
export {
  type ApiAccount,
  type ApiMeter,
  type BegunCall,
  beginCall,
  type CallLimits,
  type CallWindow,
  callsLeft,
  endCall,
  mayBeginAtMs,
  newMeter,
  noteAnswer,
  withdrawCall,
} from "./api-meter.ts";
export { type ApiPath, allowsPath, forbidsPath, isPathPattern, type PathPattern, readApiPath } from "./api-path.ts";
export {
  type AssertionClock,
  type AssertionVerdict,
  type Claims,
  judgeClientAssertion,
  judgeWorkload,
  type WorkloadRule,
} from "./assertion.ts";
export {
  type ConsentExpectation,
  type ConsentFindings,
  type ConsentVerdict,
  type HoldReason,
  judgeConsent,
  mayRevokeRefused,
} from "./consent.ts";
export { durationWords } from "./duration-words.ts";
export { ERRORS, type ErrorCode, type ErrorFacts, EvergrantError } from "./errors.ts";
export type { AuditFacts, Expected, Failed, GrantEvent, NoticeKind, Renewed, Transition } from "./event.ts";
export { nextTurn, type Waiting } from "./fair-turns.ts";
export { type Freshness, freshness, promisedMs, remainingMs } from "./freshness.ts";
export {
  type AccessFacts,
  type Attempt,
  type Chain,
  type ConsentReason,
  type Court,
  chainOf,
  type EndReason,
  firstChain,
  type GrantState,
  newToken,
  type RefreshRenewal,
  type Renewal,
  type SpendableToken,
  type SpendReason,
  type Suspect,
  type Trouble,
  type WarningLevel,
} from "./grant.ts";
export type {
  AppId,
  AttemptId,
  CallerId,
  ChainId,
  ConnectionId,
  ConsentId,
  GrantId,
  LeaseOwner,
  NodeId,
  OperatorId,
  RecipientId,
  TokenVersionId,
} from "./ids.ts";
export {
  concernsAllNodes,
  judgeStore,
  QUARANTINE_REASONS,
  type QuarantineReason,
  type StoreFacts,
  type StoreIdentity,
  type StoreVerdict,
} from "./incarnation.ts";
export { isHeld, type Lease, NO_LEASE, releaseLease, takeLease } from "./lease.ts";
export { isMassDeath, noteRefusal, type Refusals } from "./mass-death-breaker.ts";
export { type ApiCall, covers, includesTenant, type Narrowing, sameTenant } from "./narrowing.ts";
export { contains, type IpAddress, isWithin, type Network, parseAddress, parseNetwork } from "./network.ts";
export {
  type Audience,
  groupsOf,
  isNoticeName,
  judgeNews,
  type Matter,
  type News,
  NOTICE_NAMES,
  type NoticeName,
  type NoticeVerdict,
  retryNoticeAtMs,
} from "./notice.ts";
export {
  hasLastingAdmin,
  OPERATOR_ROLES,
  type OperatorRole,
  type OperatorStanding,
  roleSuffices,
} from "./operator-role.ts";
export { outageBudget } from "./outage-budget.ts";
export { OUTAGE_EVENTS, type OutageEvent, type OutagePromise, type Span } from "./outage-promise.ts";
export {
  classify,
  type Ending,
  type ErrorDialect,
  type Failure,
  type Outcome,
  STANDARD_ERRORS,
  type TokenAnswer,
} from "./outcome.ts";
export { confirmFromMs, confirmIsPossible, dueAtMs, type PlanInput, planStep } from "./plan.ts";
export { type RequestBucket, takeRequest } from "./request-rate.ts";
export {
  type Fact,
  GRACE_CLOSINGS,
  GRACE_RETRIES,
  type Grace,
  type GraceAnchor,
  type GraceClosesWhen,
  type GraceDepth,
  type GraceRetry,
  type RepeatWindow,
  ROTATION_KINDS,
  type Rotation,
  repeatWindow,
} from "./rotation.ts";
export { Secret } from "./secret.ts";
export {
  NO_SILENCE,
  noteSilence,
  type Silence,
  standBackStepMs,
  standsBackAtMostMs,
  standsBackMs,
  workedOnWithinMs,
} from "./silence.ts";
export type { RestReason, Step } from "./step.ts";
export { joinToldLag, NO_STORE_LAG, noteStoreClock, type StoreLag, type ToldLag } from "./store-lag.ts";
export {
  type ConfirmWindow,
  DEFAULT_LIMITS,
  type Limits,
  type Timing,
  type TimingVerdict,
  type TokenPolicy,
  timing,
} from "./timing.ts";
export { draw, fullBucket, isUrgent, type TokenBucket } from "./token-bucket.ts";
export { transition } from "./transition.ts";
export { isItsTurn, leaveLine, NO_LINE, standInLine, type WaitingLine } from "./waiting-line.ts";
export { nextWarmMs, type WarmHours, warmHoursProblem } from "./warm-hours.ts";
export { flawOfWorkload, ruleOf, type WorkloadIdentity } from "./workload.ts";
