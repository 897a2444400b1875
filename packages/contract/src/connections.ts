import { z } from "zod";
import { idSchema, instantMsSchema, nameSchema } from "./names.ts";
import { outageBudgetSchema } from "./outages.ts";
import { listPage } from "./pages.ts";

/** `POST /connections`. */
export const newConnectionSchema = z.strictObject({
  name: nameSchema,
  app: nameSchema,
  /** Id or name of the organisation that the consent must bring; null: ask whoever sends the link. */
  expectedTenant: z.string().min(1).max(200).nullable().default(null),
});
export type NewConnection = z.input<typeof newConnectionSchema>;

export const CONNECTION_STATUSES = [
  "awaiting-consent",
  "consent-held",
  "connected",
  "suspected",
  "consent-needed",
  "tenant-gone",
  "disabled",
  "ended",
] as const;

/** `PUT /connections/{name}/warm-hours`: when a token is kept ready though nobody asks. */
export const warmHoursSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("always") }),
  /** Only while somebody uses it. */
  z.strictObject({ kind: z.literal("idle") }),
  z.strictObject({
    kind: z.literal("cron"),
    /** Five fields: minute hour day-of-month month day-of-week. */
    cron: z.string().min(1).max(200),
    /** Of the IANA database. */
    zone: z.string().min(1).max(60).default("UTC"),
  }),
]);

const connectionTenantSchema = z.object({
  id: z.string(),
  name: z.string(),
  status: z.enum(["connected", "gone"]),
  sinceMs: instantMsSchema,
});

export const connectionSchema = z.object({
  id: idSchema,
  name: z.string(),
  app: z.string(),
  provider: z.string(),
  kind: z.enum(["authorization_code", "client_credentials"]),
  status: z.enum(CONNECTION_STATUSES),
  subject: z.string().nullable(),
  tenants: z
    .array(
      connectionTenantSchema.extend({
        /** Where it lies, if its provider keeps each in a place of its own. */
        pinned: z.object({ tokenEndpoint: z.string().nullable(), api: z.string().nullable() }).optional(),
      }),
    )
    .readonly(),
  expectedTenant: z.string().nullable(),
  /** Organisations of no connection that the token reaches all the same, as the provider lists them. */
  alsoReached: z.array(z.object({ id: z.string(), name: z.string() })).readonly(),
  /** Other connections on the same grant: their callers reach each other's organisations. */
  sharedWith: z.array(z.string()).readonly(),
  scope: z.string().nullable(),
  /** Scopes of the app that the grant lacks: only a new consent brings them. */
  missingScopes: z.array(z.string()).readonly(),
  accessExpiresAtMs: instantMsSchema.nullable(),
  renewedAtMs: instantMsSchema.nullable(),
  /** When the refresh token dies if nothing is done. */
  lapsesAtMs: instantMsSchema.nullable(),
  /** When the provider was last asked which organisations are connected. */
  checkedAtMs: instantMsSchema.nullable(),
  warm: warmHoursSchema,
  trouble: z
    .object({ kind: z.string(), detail: z.string(), sinceMs: instantMsSchema, failures: z.number().int() })
    .nullable(),
  createdAtMs: instantMsSchema,
});
export type Connection = z.infer<typeof connectionSchema>;

/** `GET /connections/{name}/status`, for callers with the right `observe`: how a connection stands, and nothing secret. */
export const observedConnectionSchema = z.object({
  name: z.string(),
  status: z.enum(CONNECTION_STATUSES),
  tenants: z.array(connectionTenantSchema).readonly(),
  missingScopes: z.array(z.string()).readonly(),
  /** When the refresh token dies if nothing is done. */
  lapsesAtMs: instantMsSchema.nullable(),
  renewedAtMs: instantMsSchema.nullable(),
  accessExpiresAtMs: instantMsSchema.nullable(),
  /** When the provider was last asked which organisations are connected. */
  checkedAtMs: instantMsSchema.nullable(),
  trouble: z.object({ kind: z.string(), sinceMs: instantMsSchema }).nullable(),
});
export type ObservedConnection = z.infer<typeof observedConnectionSchema>;

export const connectionListSchema = z.object({ connections: z.array(connectionSchema).readonly(), ...listPage });

const names = z.array(z.string()).readonly();

/** `GET /connections/{name}/removal`: what its removal, or the revocation of its grant, would end. */
export const removalPlanSchema = z.object({
  connection: z.string(),
  /** `DELETE /connections/{name}`. */
  disconnect: z.object({
    /** Disconnected at the provider. */
    tenants: names,
    /** Left connected: other connections of the grant need them. */
    keptTenants: names,
    connections: names,
    remaining: names,
    callers: names,
    grantRevoked: z.boolean(),
  }),
  /** `POST /connections/{name}/revoke`; null where nobody has consented. */
  revoke: z
    .object({ tenants: names, connections: names, callers: names, waitingConsents: z.number().int() })
    .nullable(),
});
export type RemovalPlan = z.infer<typeof removalPlanSchema>;

/** `POST /connections/{name}/revoke`: the connections that the plan listed; anything else is refused. */
export const revocationSchema = z.strictObject({ connections: z.array(nameSchema).min(1).max(1_000) });

export const revokedGrantSchema = z.object({
  /** Ended; each can be consented to again. */
  connections: names,
  /** The provider said so. */
  confirmed: z.boolean(),
});
export type RevokedGrant = z.infer<typeof revokedGrantSchema>;

/** `POST /connections/{name}/erase`: every connection on its grant, as they were listed, and whether the provider is told before. */
export const erasureSchema = z.strictObject({
  connections: z.array(nameSchema).min(1).max(1_000),
  revoke: z.boolean().default(true),
});

export const erasedGrantSchema = z.object({
  connections: names,
  /** The provider confirmed that it ended there. */
  revoked: z.boolean(),
  /** Each node's journal: one that is not clean yet is when that node next looks, or starts. */
  journals: z.array(z.object({ node: z.string(), erased: z.boolean() })).readonly(),
  /** What was not reached, and how it ends. */
  left: z
    .array(z.object({ where: z.enum(["backups", "callers", "provider", "audit", "disks"]), what: z.string() }))
    .readonly(),
});
export type ErasedGrant = z.infer<typeof erasedGrantSchema>;

export const removedConnectionSchema = z.object({
  /** Organisations disconnected at the provider. */
  disconnected: z.array(z.string()).readonly(),
  /** Connections that still stand on the same grant. */
  remaining: z.array(z.string()).readonly(),
  grantRevoked: z.boolean(),
});
export type RemovedConnection = z.infer<typeof removedConnectionSchema>;

/** Query of `GET /connections/{name}/story`. */
export const storyQuerySchema = z.strictObject({
  limit: z
    .string()
    .regex(/^\d{1,3}$/, "must be a whole number from 1 to 200")
    .transform(Number)
    .pipe(z.number().int().min(1).max(200))
    .default(20),
});

export const storySchema = z.object({
  connection: connectionSchema,
  /** One sentence: how it stands. */
  summary: z.string(),
  next: z.object({ what: z.string(), atMs: instantMsSchema.nullable() }),
  /** What the provider's policy does not let us promise. */
  cannotPromise: z.array(z.string()).readonly(),
  /** What each kind of outage would cost. */
  outages: outageBudgetSchema,
  /** Newest first. */
  events: z
    .array(
      z.object({
        atMs: instantMsSchema,
        event: z.string(),
        by: z.string(),
        facts: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
      }),
    )
    .readonly(),
});
export type Story = z.infer<typeof storySchema>;
