import { isPathPattern } from "@evergrant/core";
import { z } from "zod";
import { isSafeAddress, isSafeOrigin } from "./safe-address.ts";

const DAY_MS = 24 * 60 * 60_000;

const text = z.string().min(1).max(500);
const address = text.refine(isSafeAddress, "must be an https URL without credentials (http on loopback alone)");
const origin = text.refine(isSafeOrigin, "must be an https origin without path (http on loopback alone)");
const path = text.regex(/^\/[\x21-\x7e]*$/, "must be a path that begins with /");
const pathPattern = text.refine(isPathPattern, "must be a path pattern: literal segments, * for one, /** at the end");
const method = z.string().regex(/^[A-Z]{3,10}$/, "must be an HTTP method in upper case");
const fieldName = z.string().regex(/^[A-Za-z0-9_-]{1,100}$/, "must be the name of a header field");
const expression = text.refine(compiles, "must be a regular expression");
const lifeMs = z
  .number()
  .int()
  .min(1_000)
  .max(3_650 * DAY_MS);
// RFC 6749 §3.3, without the comma that some servers put between scopes.
const scope = z.string().regex(/^[\x21\x23-\x2b\x2d-\x5b\x5d-\x7e]{1,200}$/, "must be one scope");

const endpoints = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("fixed"),
    issuer: address,
    authorization: address,
    token: address,
    revocation: address.nullable().default(null),
  }),
  z.strictObject({ kind: z.literal("discovered") }),
]);

const homeRule = z.strictObject({
  from: z.enum(["callback", "token-answer"]),
  name: text,
  pattern: expression,
  origin: text.refine((value) => value.split("{}").length === 2, "must hold {} once, for the value"),
});

const unknown = z.literal("unknown");
const rotation = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("none") }),
  z.strictObject({
    kind: z.literal("grace"),
    seconds: z.number().int().min(1).max(315_576_000),
    anchor: z.enum(["first-use", "last-use", "unknown"]).default("unknown"),
    depth: z.enum(["any", "parent-only", "unknown"]).default("unknown"),
    retry: z.enum(["same", "sibling", "supersede", "unknown"]).default("unknown"),
    closesWhen: z.enum(["never", "successor-used", "unknown"]).default("unknown"),
  }),
  z.strictObject({ kind: z.literal("confirm-on-use") }),
  z.strictObject({ kind: z.literal("strict") }),
  z.strictObject({ kind: z.literal("unrevoked") }),
]);

// Whoever does not know a fact leaves it out: what stands in for it is the worst that the standards allow.
const policy = z.strictObject({
  accessLifeMs: lifeMs.default(60 * 60_000),
  idleLifeMs: z.union([lifeMs, z.literal("unlimited"), unknown]).default("unknown"),
  absoluteLifeMs: z.union([lifeMs, z.literal("none"), unknown]).default("unknown"),
  rotation: rotation.default({ kind: "strict" }),
  oldAccessToken: z.enum(["survives", "dies", "unknown"]).default("unknown"),
  earlyRefresh: z.enum(["allowed", "refused"]).default("allowed"),
  repeatsDocumented: z.boolean().default(false),
});

const errors = z.strictObject({
  inactiveErrors: z.array(text).max(20).default([]),
  okMember: text.nullable().default(null),
  errorMember: text.default("error"),
  errorsInSuccess: z.boolean().default(false),
  rejectedErrors: z.array(text).max(20).default([]),
});

const subject = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("jwt-claim"), token: z.enum(["access", "id"]), claim: text }),
  z.strictObject({ kind: z.literal("token-answer"), member: text, pattern: expression.default(".+") }),
  z.strictObject({ kind: z.literal("api"), path, member: text }),
  z.strictObject({ kind: z.literal("none") }),
]);

const tenants = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("list"),
    path,
    items: z.string().max(200).nullable().default(""),
    idMember: text,
    nameMember: text,
    connectionIdMember: text.nullable().default(null),
    consent: z.strictObject({ member: text, claim: text, updatedMember: text }).nullable().default(null),
    deletable: z.boolean().default(false),
  }),
  z.strictObject({ kind: z.literal("callback"), parameter: text, pattern: expression }),
  z.strictObject({ kind: z.literal("token-answer"), member: text, pattern: expression.default(".+") }),
  z.strictObject({ kind: z.literal("none") }),
]);

const tenantLocator = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("header"), name: fieldName }),
  z.strictObject({ kind: z.literal("query"), name: text }),
  z.strictObject({ kind: z.literal("path"), after: path }),
  z.strictObject({ kind: z.literal("host") }),
  z.strictObject({ kind: z.literal("none") }),
]);

const callLimits = z.strictObject({
  concurrent: z.number().int().min(1).max(1_000).nullable().default(null),
  windows: z
    .array(z.strictObject({ name: text, spanMs: lifeMs, calls: z.number().int().min(1) }))
    .max(10)
    .default([]),
});

const api = z.strictObject({
  forbidden: z
    .array(z.strictObject({ methods: z.array(method).nullable().default(null), path: pathPattern, because: text }))
    .max(100)
    .default([]),
  untenanted: z.array(pathPattern).max(100).default([]),
  requestHeaders: z.array(fieldName.toLowerCase()).max(50).default([]),
  answerHeaders: z.array(fieldName.toLowerCase()).max(50).default([]),
  limits: z
    .strictObject({
      tenant: callLimits.default({ concurrent: null, windows: [] }),
      app: callLimits.default({ concurrent: null, windows: [] }),
      leftHeaders: z.record(text, fieldName.toLowerCase()).default({}),
      problem: z
        .strictObject({ header: fieldName.toLowerCase(), windows: z.record(text, text) })
        .nullable()
        .default(null),
    })
    .nullable()
    .default(null),
  refusals: z
    .array(
      z.strictObject({
        status: z.number().int().min(400).max(499),
        where: z.enum(["body", "www-authenticate"]),
        holds: text.toLowerCase(),
        means: z.enum(["token-expired", "scope-missing", "tenant-refused"]),
      }),
    )
    .max(50)
    .optional(),
});

/** A provider in a file of one's own: the shape of `Provider`, where all but names and endpoints may be left out. */
export const ownProviderSchema = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, "must be lower-case letters, digits and hyphens"),
  displayName: text,
  kind: z.enum(["authorization_code", "client_credentials"]).default("authorization_code"),
  endpoints,
  apiOrigins: z.array(origin).max(50).default([]),
  homes: z
    .strictObject({ tokenEndpoint: homeRule.nullable().default(null), api: homeRule.nullable().default(null) })
    .default({ tokenEndpoint: null, api: null }),
  clientAuthentication: z.enum(["client_secret_basic", "client_secret_post"]).default("client_secret_basic"),
  defaultScopes: z.array(scope).max(100).default([]),
  scopeSeparator: z.enum([" ", ","]).default(" "),
  scopeAnswer: z.enum(["comparable", "not-comparable"]).default("comparable"),
  offline: z
    .discriminatedUnion("kind", [
      z.strictObject({ kind: z.literal("scope"), scope }),
      z.strictObject({ kind: z.literal("parameter"), name: text, value: text }),
      z.strictObject({ kind: z.literal("always") }),
    ])
    .default({ kind: "always" }),
  authorizeParameters: z.record(text, z.string().max(500)).default({}),
  refreshRequest: z.enum(["standard", "with-redirect-uri"]).default("standard"),
  policy: policy.prefault({}),
  errors: errors.prefault({}),
  subject: subject.default({ kind: "none" }),
  grantPer: z.enum(["person", "person-and-tenant"]).default("person"),
  tenants: tenants.default({ kind: "none" }),
  tenantLocator: tenantLocator.default({ kind: "none" }),
  api: api.prefault({}),
  revocation: z.enum(["refresh-token", "none"]).default("none"),
  examplePath: path.nullable().default(null),
  sources: z.record(z.string(), z.union([z.string(), z.strictObject({ unconfirmed: text })])).default({}),
});
export type OwnProvider = z.output<typeof ownProviderSchema>;

function compiles(pattern: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})$`) instanceof RegExp;
  } catch {
    return false;
  }
}
