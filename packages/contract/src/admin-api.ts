import { z } from "zod";
import {
  appListSchema,
  appSchema,
  appScopesSchema,
  newAppSchema,
  newAppSecretSchema,
  providerListSchema,
} from "./apps.ts";
import { auditPageSchema, auditQuerySchema, auditVerificationSchema } from "./audit.ts";
import {
  addedCallerSchema,
  addedCallerSecretSchema,
  callerAuthenticationSchema,
  callerListSchema,
  callerPermissionsSchema,
  callerSchema,
  newCallerSchema,
  newCallerSecretSchema,
} from "./callers.ts";
import {
  connectionListSchema,
  connectionSchema,
  erasedGrantSchema,
  erasureSchema,
  newConnectionSchema,
  removalPlanSchema,
  removedConnectionSchema,
  revocationSchema,
  revokedGrantSchema,
  storyQuerySchema,
  storySchema,
  warmHoursSchema,
} from "./connections.ts";
import {
  consentDecisionSchema,
  consentHistorySchema,
  consentLinkSchema,
  consentResultSchema,
  consentsQuerySchema,
  heldConsentListSchema,
  newConsentLinkSchema,
  pastedCallbackSchema,
  pastedConsentSchema,
  reconsentLinkSchema,
} from "./consents.ts";
import { importListSchema, importSchema, newImportsSchema } from "./imports.ts";
import { keyParamsSchema, keyRotationSchema, keysSchema } from "./keys.ts";
import { idSchema, nameSchema } from "./names.ts";
import {
  addedRecipientSchema,
  addedRecipientSecretSchema,
  deliveriesQuerySchema,
  deliveryListSchema,
  newRecipientSchema,
  recipientListSchema,
  recipientSchema,
  replayedSchema,
  replaySchema,
} from "./notices.ts";
import {
  addedOperatorKeySchema,
  addedOperatorSchema,
  meSchema,
  newOperatorKeySchema,
  newOperatorSchema,
  operatorIdentitySchema,
  operatorListSchema,
  operatorRoleSchema,
  operatorSchema,
} from "./operators.ts";
import { pageQuery } from "./pages.ts";
import { quarantineReleaseSchema, quarantineSchema } from "./quarantine.ts";

/** One operation of the admin API: how it is called, and the shapes that go in and come out. */
export interface Operation {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Below `ADMIN_API_PREFIX`; `:name` and `:id` are path parameters. */
  readonly path: string;
  readonly status: 200 | 201 | 204;
  readonly params: z.ZodType;
  readonly query: z.ZodType;
  readonly body: z.ZodType;
  readonly answer: z.ZodType;
}

/** Visible ASCII, also in the quotes that a structured field has (RFC 9651 §3.3.3). */
export const IDEMPOTENCY_KEY_PATTERN = /^[\x21-\x7e]{1,255}$/;

export const ADMIN_API_PREFIX = "/api/v1";

const none = z.strictObject({});
const noBody = none.optional();
const nothing = z.undefined();
const byName = z.strictObject({ name: nameSchema });
const byId = z.strictObject({ id: idSchema });
const plain = { params: none, query: none, body: noBody };
const list = { ...plain, query: pageQuery({}) };

/** The admin API as data: the server serves exactly these operations, clients draw their types from them. */
export const ADMIN_API = {
  me: { ...plain, method: "GET", path: "/me", status: 200, answer: meSchema },

  readQuarantine: { ...plain, method: "GET", path: "/quarantine", status: 200, answer: quarantineSchema },
  releaseQuarantine: {
    ...plain,
    method: "POST",
    path: "/quarantine/release",
    status: 200,
    body: quarantineReleaseSchema,
    answer: quarantineSchema,
  },

  listKeys: { ...plain, method: "GET", path: "/keys", status: 200, answer: keysSchema },
  rotateKey: {
    ...plain,
    method: "POST",
    path: "/keys/rotate",
    status: 200,
    body: keyRotationSchema,
    answer: keysSchema,
  },
  retireKey: {
    ...plain,
    method: "POST",
    path: "/keys/:id/retire",
    status: 200,
    params: keyParamsSchema,
    answer: keysSchema,
  },

  readAudit: { ...plain, method: "GET", path: "/audit", status: 200, query: auditQuerySchema, answer: auditPageSchema },
  verifyAudit: { ...plain, method: "GET", path: "/audit/verification", status: 200, answer: auditVerificationSchema },

  listProviders: { ...plain, method: "GET", path: "/providers", status: 200, answer: providerListSchema },
  listApps: { ...list, method: "GET", path: "/apps", status: 200, answer: appListSchema },
  addApp: { ...plain, method: "POST", path: "/apps", status: 201, body: newAppSchema, answer: appSchema },
  addAppSecret: {
    ...plain,
    method: "POST",
    path: "/apps/:name/secrets",
    status: 201,
    params: byName,
    body: newAppSecretSchema,
    answer: appSchema,
  },

  setAppScopes: {
    ...plain,
    method: "PUT",
    path: "/apps/:name/scopes",
    status: 200,
    params: byName,
    body: appScopesSchema,
    answer: appSchema,
  },

  listConnections: { ...list, method: "GET", path: "/connections", status: 200, answer: connectionListSchema },
  createConnection: {
    ...plain,
    method: "POST",
    path: "/connections",
    status: 201,
    body: newConnectionSchema,
    answer: connectionSchema,
  },
  readConnection: {
    ...plain,
    method: "GET",
    path: "/connections/:name",
    status: 200,
    params: byName,
    answer: connectionSchema,
  },
  removeConnection: {
    ...plain,
    method: "DELETE",
    path: "/connections/:name",
    status: 200,
    params: byName,
    answer: removedConnectionSchema,
  },
  disableConnection: {
    ...plain,
    method: "POST",
    path: "/connections/:name/disable",
    status: 200,
    params: byName,
    answer: connectionSchema,
  },
  enableConnection: {
    ...plain,
    method: "POST",
    path: "/connections/:name/enable",
    status: 200,
    params: byName,
    answer: connectionSchema,
  },
  setWarmHours: {
    ...plain,
    method: "PUT",
    path: "/connections/:name/warm-hours",
    status: 200,
    params: byName,
    body: warmHoursSchema,
    answer: connectionSchema,
  },
  checkConnection: {
    ...plain,
    method: "POST",
    path: "/connections/:name/check",
    status: 200,
    params: byName,
    answer: connectionSchema,
  },
  readStory: {
    ...plain,
    method: "GET",
    path: "/connections/:name/story",
    status: 200,
    params: byName,
    query: storyQuerySchema,
    answer: storySchema,
  },

  readRemoval: {
    ...plain,
    method: "GET",
    path: "/connections/:name/removal",
    status: 200,
    params: byName,
    answer: removalPlanSchema,
  },
  revokeGrant: {
    ...plain,
    method: "POST",
    path: "/connections/:name/revoke",
    status: 200,
    params: byName,
    body: revocationSchema,
    answer: revokedGrantSchema,
  },

  eraseGrant: {
    ...plain,
    method: "POST",
    path: "/connections/:name/erase",
    status: 200,
    params: byName,
    body: erasureSchema,
    answer: erasedGrantSchema,
  },

  createConsentLink: {
    ...plain,
    method: "POST",
    path: "/connections/:name/consent-links",
    status: 201,
    params: byName,
    body: newConsentLinkSchema,
    answer: consentLinkSchema,
  },
  readReconsentLink: {
    ...plain,
    method: "GET",
    path: "/connections/:name/reconsent-link",
    status: 200,
    params: byName,
    answer: reconsentLinkSchema,
  },
  revokeConsentLinks: {
    ...plain,
    method: "POST",
    path: "/connections/:name/consent-links/revoke",
    status: 204,
    params: byName,
    answer: nothing,
  },
  readConsentHistory: {
    ...list,
    method: "GET",
    path: "/connections/:name/consents",
    status: 200,
    params: byName,
    answer: consentHistorySchema,
  },
  beginPastedConsent: {
    ...plain,
    method: "POST",
    path: "/connections/:name/pasted-consents",
    status: 201,
    params: byName,
    answer: pastedConsentSchema,
  },
  pasteCallback: {
    ...plain,
    method: "POST",
    path: "/consents/:id/callback",
    status: 200,
    params: byId,
    body: pastedCallbackSchema,
    answer: consentResultSchema,
  },
  listConsents: {
    ...plain,
    method: "GET",
    path: "/consents",
    status: 200,
    query: consentsQuerySchema,
    answer: heldConsentListSchema,
  },
  decideConsent: {
    ...plain,
    method: "POST",
    path: "/consents/:id/decision",
    status: 200,
    params: byId,
    body: consentDecisionSchema,
    answer: consentResultSchema,
  },

  listRecipients: {
    ...plain,
    method: "GET",
    path: "/notices/recipients",
    status: 200,
    answer: recipientListSchema,
  },
  addRecipient: {
    ...plain,
    method: "POST",
    path: "/notices/recipients",
    status: 201,
    body: newRecipientSchema,
    answer: addedRecipientSchema,
  },
  removeRecipient: {
    ...plain,
    method: "DELETE",
    path: "/notices/recipients/:id",
    status: 204,
    params: byId,
    answer: nothing,
  },
  addRecipientSecret: {
    ...plain,
    method: "POST",
    path: "/notices/recipients/:id/secrets",
    status: 201,
    params: byId,
    answer: addedRecipientSecretSchema,
  },
  disableRecipient: {
    ...plain,
    method: "POST",
    path: "/notices/recipients/:id/disable",
    status: 200,
    params: byId,
    answer: recipientSchema,
  },
  enableRecipient: {
    ...plain,
    method: "POST",
    path: "/notices/recipients/:id/enable",
    status: 200,
    params: byId,
    answer: recipientSchema,
  },
  listDeliveries: {
    ...plain,
    method: "GET",
    path: "/notices/deliveries",
    status: 200,
    query: deliveriesQuerySchema,
    answer: deliveryListSchema,
  },
  replayNotices: {
    ...plain,
    method: "POST",
    path: "/notices/replay",
    status: 200,
    body: replaySchema,
    answer: replayedSchema,
  },
  importTokens: {
    ...plain,
    method: "POST",
    path: "/imports",
    status: 200,
    body: newImportsSchema,
    answer: importListSchema,
  },
  readImport: { ...plain, method: "GET", path: "/imports/:id", status: 200, params: byId, answer: importSchema },

  listOperators: { ...list, method: "GET", path: "/operators", status: 200, answer: operatorListSchema },
  addOperator: {
    ...plain,
    method: "POST",
    path: "/operators",
    status: 201,
    body: newOperatorSchema,
    answer: addedOperatorSchema,
  },
  setOperatorRole: {
    ...plain,
    method: "PUT",
    path: "/operators/:name/role",
    status: 200,
    params: byName,
    body: operatorRoleSchema,
    answer: operatorSchema,
  },
  setOperatorIdentity: {
    ...plain,
    method: "PUT",
    path: "/operators/:name/identity",
    status: 200,
    params: byName,
    body: operatorIdentitySchema,
    answer: operatorSchema,
  },
  addOperatorKey: {
    ...plain,
    method: "POST",
    path: "/operators/:name/keys",
    status: 201,
    params: byName,
    body: newOperatorKeySchema.optional(),
    answer: addedOperatorKeySchema,
  },
  removeOperatorKey: {
    ...plain,
    method: "DELETE",
    path: "/operators/:name/keys/:key",
    status: 200,
    params: z.strictObject({ name: nameSchema, key: idSchema }),
    answer: operatorSchema,
  },
  disableOperator: {
    ...plain,
    method: "POST",
    path: "/operators/:name/disable",
    status: 200,
    params: byName,
    answer: operatorSchema,
  },
  enableOperator: {
    ...plain,
    method: "POST",
    path: "/operators/:name/enable",
    status: 200,
    params: byName,
    answer: operatorSchema,
  },

  listCallers: { ...list, method: "GET", path: "/callers", status: 200, answer: callerListSchema },
  addCaller: {
    ...plain,
    method: "POST",
    path: "/callers",
    status: 201,
    body: newCallerSchema,
    answer: addedCallerSchema,
  },
  addSecretlessCaller: {
    ...plain,
    method: "POST",
    path: "/callers/secretless",
    status: 201,
    body: newCallerSchema,
    answer: callerSchema,
  },
  addCallerSecret: {
    ...plain,
    method: "POST",
    path: "/callers/:id/secrets",
    status: 201,
    params: byId,
    body: newCallerSecretSchema.optional(),
    answer: addedCallerSecretSchema,
  },
  removeCallerSecret: {
    ...plain,
    method: "DELETE",
    path: "/callers/:id/secrets/:secret",
    status: 200,
    params: z.strictObject({ id: idSchema, secret: idSchema }),
    answer: callerSchema,
  },
  setCallerAuthentication: {
    ...plain,
    method: "PUT",
    path: "/callers/:id/authentication",
    status: 200,
    params: byId,
    body: callerAuthenticationSchema,
    answer: callerSchema,
  },
  setCallerPermissions: {
    ...plain,
    method: "PUT",
    path: "/callers/:id/permissions",
    status: 200,
    params: byId,
    body: callerPermissionsSchema,
    answer: callerSchema,
  },
  disableCaller: {
    ...plain,
    method: "POST",
    path: "/callers/:id/disable",
    status: 200,
    params: byId,
    answer: callerSchema,
  },
  enableCaller: {
    ...plain,
    method: "POST",
    path: "/callers/:id/enable",
    status: 200,
    params: byId,
    answer: callerSchema,
  },
} as const satisfies Record<string, Operation>;

export type OperationName = keyof typeof ADMIN_API;

/** The operations that make something: they take an `Idempotency-Key`, and repeated under it answer as the first time. */
export type CreateName = {
  [Name in OperationName]: (typeof ADMIN_API)[Name]["status"] extends 201 ? Name : never;
}[OperationName];

/** Whether an operation makes something, and so takes an `Idempotency-Key`. */
export function isCreate(name: OperationName): name is CreateName {
  return ADMIN_API[name].status === 201;
}

/** What a client sends as the body of an operation. */
export type OperationInput<Name extends OperationName> = z.input<(typeof ADMIN_API)[Name]["body"]>;

/** What a client gets back. */
export type OperationAnswer<Name extends OperationName> = z.output<(typeof ADMIN_API)[Name]["answer"]>;

/** What the server sees of a request that passed. */
export interface OperationRequest<Name extends OperationName> {
  readonly params: z.output<(typeof ADMIN_API)[Name]["params"]>;
  readonly query: z.output<(typeof ADMIN_API)[Name]["query"]>;
  readonly body: z.output<(typeof ADMIN_API)[Name]["body"]>;
}
