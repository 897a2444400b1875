import { z } from "zod";
import { idSchema, instantMsSchema, nameSchema, rightSchema } from "./names.ts";
import { listPage } from "./pages.ts";

const respectSchema = (what: z.ZodString) => z.array(what).min(1).max(200).readonly().nullable().default(null);

/** What a `gateway` permission is narrowed to; a respect that is left out is not narrowed. */
export const narrowingSchema = z.strictObject({
  /** The provider's ids of organisations. */
  tenants: respectSchema(z.string().max(200)),
  /** HTTP methods, in capitals. */
  methods: respectSchema(z.string().max(20)),
  /** `/a/b`, with `*` for one segment and `**` at the end for any further ones. */
  paths: respectSchema(z.string().max(300)),
});
export type Narrowing = z.infer<typeof narrowingSchema>;

const permissionSchema = z.strictObject({
  connection: nameSchema,
  right: rightSchema,
  only: narrowingSchema.optional(),
});
const permissionsSchema = z.array(permissionSchema).max(1000);

const urlSchema = z.string().min(1).max(500);
const valueSchema = z.string().min(1).max(500);

/** Where public keys come from: JSON Web Keys by value (RFC 7517), a key set by URL, or a file in the folder `keys` of each node. */
const keySourceSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("keys"),
    keys: z
      .array(z.record(z.string().max(60), z.unknown()))
      .min(1)
      .max(50)
      .readonly(),
  }),
  z.strictObject({ kind: z.literal("url"), url: urlSchema }),
  z.strictObject({ kind: z.literal("file"), file: z.string().max(120) }),
]);
export type KeySource = z.infer<typeof keySourceSchema>;

const workloadKeysSchema = z
  .discriminatedUnion("kind", [...keySourceSchema.options, z.strictObject({ kind: z.literal("discovery") })])
  .default({ kind: "discovery" });
const claimsSchema = z.record(z.string().min(1).max(100), valueSchema).default({});

/** Where GitHub Actions' identities are issued. */
export const GITHUB_ACTIONS_ISSUER = "https://token.actions.githubusercontent.com";

/** A workload whose platform says who it is; everything is compared character for character. */
export const workloadSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("kubernetes"),
    issuer: urlSchema,
    audience: valueSchema,
    namespace: valueSchema,
    serviceAccount: valueSchema,
    keys: workloadKeysSchema,
  }),
  z.strictObject({
    kind: z.literal("github-actions"),
    issuer: urlSchema.default(GITHUB_ACTIONS_ISSUER),
    audience: valueSchema,
    /** Ids, not names: names can change hands. */
    repositoryId: valueSchema,
    ownerId: valueSchema,
    /** What else has to be so, as in `{ "environment": "production" }`. */
    claims: claimsSchema,
    keys: workloadKeysSchema,
  }),
  z.strictObject({
    kind: z.literal("oidc"),
    issuer: urlSchema,
    audience: valueSchema,
    subject: valueSchema,
    claims: claimsSchema,
    keys: workloadKeysSchema,
  }),
]);
export type Workload = z.infer<typeof workloadSchema>;

/** `PUT /callers/{id}/authentication`: takes the place of all that was said before. What is left out is taken away. */
export const callerAuthenticationSchema = z.strictObject({
  /** Of the caller's own key pairs, for `private_key_jwt`. */
  keys: keySourceSchema.nullable().default(null),
  workloads: z.array(workloadSchema).max(10).readonly().default([]),
  /** CIDR; null: from anywhere. */
  networks: z.array(z.string().max(60)).min(1).max(100).readonly().nullable().default(null),
  /** At each node, and so many at once; null: no limit. */
  requestsPerMinute: z.number().int().min(1).max(1_000_000).nullable().default(null),
});
export type CallerAuthentication = z.infer<typeof callerAuthenticationSchema>;

const NO_MORE: CallerAuthentication = { keys: null, workloads: [], networks: null, requestsPerMinute: null };

/** `POST /callers`: a server of yours, an OAuth client of Evergrant. */
export const newCallerSchema = z.strictObject({
  name: nameSchema,
  permissions: permissionsSchema.default([]),
  /** How it may show who it is besides its secret. */
  authentication: callerAuthenticationSchema.default(NO_MORE),
});
export type NewCaller = z.input<typeof newCallerSchema>;

/** `PUT /callers/{id}/permissions`: takes the place of all permissions that the caller has. */
export const callerPermissionsSchema = z.strictObject({ permissions: permissionsSchema });
export type CallerPermissions = z.input<typeof callerPermissionsSchema>;

/** `POST /callers/{id}/secrets`. */
export const newCallerSecretSchema = z.strictObject({
  /** Null: it is good until it is taken away. */
  expiresAtMs: instantMsSchema.nullable().default(null),
});
export type NewCallerSecret = z.input<typeof newCallerSecretSchema>;

const lastUsedSchema = instantMsSchema.nullable();

export const callerSchema = z.object({
  id: idSchema,
  name: z.string(),
  permissions: z
    .array(z.object({ connection: z.string(), right: rightSchema, only: narrowingSchema.optional() }))
    .readonly(),
  secrets: z
    .array(
      z.object({
        id: z.string(),
        createdAtMs: instantMsSchema,
        expiresAtMs: instantMsSchema.nullable(),
        /** As of about a minute ago. */
        lastUsedAtMs: lastUsedSchema,
      }),
    )
    .readonly(),
  authentication: callerAuthenticationSchema,
  keysLastUsedAtMs: lastUsedSchema,
  workloadLastUsedAtMs: lastUsedSchema,
  disabledAtMs: instantMsSchema.nullable(),
  createdAtMs: instantMsSchema,
});
export type Caller = z.infer<typeof callerSchema>;

export const callerListSchema = z.object({ callers: z.array(callerSchema).readonly(), ...listPage });

/** The only answer that shows the first client secret: it is kept as a hash. */
export const addedCallerSchema = z.object({ caller: callerSchema, clientId: z.string(), clientSecret: z.string() });
export type AddedCaller = z.infer<typeof addedCallerSchema>;

export const addedCallerSecretSchema = z.object({ clientSecret: z.string() });
export type AddedCallerSecret = z.infer<typeof addedCallerSecretSchema>;
