export {
  ADMIN_API,
  ADMIN_API_PREFIX,
  type CreateName,
  IDEMPOTENCY_KEY_PATTERN,
  isCreate,
  type Operation,
  type OperationAnswer,
  type OperationInput,
  type OperationName,
  type OperationRequest,
} from "./admin-api.ts";
export {
  type App,
  type AppScopes,
  appSchema,
  appScopesSchema,
  type NewApp,
  type NewAppSecret,
  newAppSchema,
  newAppSecretSchema,
  type ProviderList,
  providerListSchema,
  type TenantLocator,
} from "./apps.ts";
export {
  type AuditPage,
  type AuditRecord,
  type AuditVerification,
  auditPageSchema,
  auditRecordSchema,
  auditVerificationSchema,
} from "./audit.ts";
export { BACKUP_MEDIA_TYPE, type BackupSummary, backupSummarySchema } from "./backups.ts";
export {
  type AddedCaller,
  type AddedCallerSecret,
  addedCallerSchema,
  addedCallerSecretSchema,
  type Caller,
  type CallerAuthentication,
  type CallerPermissions,
  callerAuthenticationSchema,
  callerPermissionsSchema,
  callerSchema,
  GITHUB_ACTIONS_ISSUER,
  type KeySource,
  type Narrowing,
  type NewCaller,
  type NewCallerSecret,
  narrowingSchema,
  newCallerSchema,
  newCallerSecretSchema,
  type Workload,
  workloadSchema,
} from "./callers.ts";
export {
  CONNECTION_STATUSES,
  type Connection,
  connectionSchema,
  type ErasedGrant,
  erasedGrantSchema,
  type NewConnection,
  newConnectionSchema,
  type ObservedConnection,
  observedConnectionSchema,
  type RemovalPlan,
  type RemovedConnection,
  type RevokedGrant,
  removalPlanSchema,
  removedConnectionSchema,
  revocationSchema,
  revokedGrantSchema,
  type Story,
  storySchema,
} from "./connections.ts";
export {
  type ConsentDecision,
  type ConsentHistory,
  type ConsentLink,
  type ConsentResult,
  consentDecisionSchema,
  consentHistorySchema,
  consentLinkSchema,
  consentResultSchema,
  type HeldConsent,
  HOLD_REASONS,
  heldConsentSchema,
  type NewConsentLink,
  newConsentLinkSchema,
  type PastedConsent,
  pastedCallbackSchema,
  pastedConsentSchema,
  type ReconsentLink,
  reconsentLinkSchema,
} from "./consents.ts";
export { type Liveness, livenessSchema, type Readiness, readinessSchema } from "./health.ts";
export {
  type Import,
  type ImportedToken,
  importSchema,
  type NewImports,
  newImportsSchema,
} from "./imports.ts";
export { type Keys, keysSchema } from "./keys.ts";
export { AUTHENTICATION_METHODS, type IssuerMetadata, issuerMetadataSchema } from "./metadata.ts";
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
export { adminApiDocument } from "./openapi.ts";
export { OPERATION_WORDS } from "./operation-words.ts";
export {
  type AddedOperator,
  type Me,
  type NewOperator,
  OPERATOR_ROLES,
  type Operator,
  type OperatorIdentity,
  type OperatorRole,
} from "./operators.ts";
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
