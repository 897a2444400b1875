export {
  ADMIN_API,
  ADMIN_API_PREFIX,
  type Operation,
  type OperationAnswer,
  type OperationInput,
  type OperationName,
  type OperationRequest,
} from "./admin-api.ts";
export {
  type App,
  appSchema,
  type NewApp,
  type NewAppSecret,
  newAppSchema,
  newAppSecretSchema,
  type ProviderList,
  providerListSchema,
} from "./apps.ts";
export {
  type AddedCaller,
  type AddedCallerSecret,
  addedCallerSchema,
  addedCallerSecretSchema,
  type Caller,
  type CallerPermissions,
  callerPermissionsSchema,
  callerSchema,
  type Narrowing,
  type NewCaller,
  narrowingSchema,
  newCallerSchema,
} from "./callers.ts";
export {
  CONNECTION_STATUSES,
  type Connection,
  connectionSchema,
  type NewConnection,
  newConnectionSchema,
  type RemovedConnection,
  removedConnectionSchema,
  type Story,
  storySchema,
} from "./connections.ts";
export {
  type ConsentDecision,
  type ConsentLink,
  type ConsentResult,
  consentDecisionSchema,
  consentLinkSchema,
  consentResultSchema,
  type HeldConsent,
  HOLD_REASONS,
  heldConsentSchema,
  type NewConsentLink,
  newConsentLinkSchema,
  type ReconsentLink,
  reconsentLinkSchema,
} from "./consents.ts";
export {
  type Liveness,
  livenessSchema,
  type Operator,
  operatorSchema,
  type Readiness,
  readinessSchema,
} from "./health.ts";
export { type IssuerMetadata, issuerMetadataSchema } from "./metadata.ts";
export { idSchema, NAME_PATTERN, nameSchema, RIGHTS, type Right, rightSchema } from "./names.ts";
export {
  type AddedRecipient,
  addedRecipientSchema,
  CHANNELS,
  deliverySchema,
  type NewRecipient,
  NOTICE_NAMES,
  type NoticeDelivery,
  newRecipientSchema,
  type Recipient,
  type Replay,
  recipientSchema,
  replaySchema,
} from "./notices.ts";
export { OUTAGE_EVENTS, type OutagePromise } from "./outages.ts";
export { type Problem, problemSchema } from "./problem.ts";
export {
  QUARANTINE_REASONS,
  type Quarantine,
  type QuarantineRelease,
  quarantineReleaseSchema,
  quarantineSchema,
} from "./quarantine.ts";
export { TOKEN_ERRORS, type TokenAnswer, type TokenError, tokenAnswerSchema, tokenErrorSchema } from "./token.ts";
