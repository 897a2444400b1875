import { z } from "zod";
import { ROLES, TIERS, WEBHOOK_CATEGORIES } from "../engine/index.ts";
import { FAULT_ENDPOINTS, FAULT_METHODS, FAULT_POINTS, namesIn } from "../fault-table.ts";

const name = z.string().trim().min(1).max(200);
const id = z.string().min(1).max(200);
const scopes = z.array(z.string().regex(/^[\x21-\x7e]{1,100}$/)).max(100);
const redirectUris = z.array(z.string().max(2000)).max(50);
const clientId = z.string().regex(/^[A-Za-z0-9._-]{8,100}$/);
const clientSecret = z
  .string()
  .min(8)
  .max(200)
  .regex(/^[\x20-\x7e]+$/);
const companyUrl = z.url({ protocol: /^https?$/ }).max(500);
const role = z.enum(ROLES);
const tier = z.enum(TIERS);
const instant = z.union([z.number().int().min(0).max(8.64e15), z.iso.datetime({ offset: true })]);
const duration = z.union([
  z.number().int().min(0).max(8.64e15),
  z.string().regex(/^\d{1,12}(ms|s|m|h|d)$/, 'a duration is a number and one of ms, s, m, h, d: "61d"'),
]);

const restoreClock = z.enum(["keep", "rewind"]).default("keep");

const callsLeft = z.number().int().min(0).max(1_000_000_000).optional();

const scheduledAction = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("disconnect"), connectionId: id }),
  z.strictObject({ kind: z.literal("set-role"), userId: id, organisationId: id, role: role.nullable() }),
  z.strictObject({ kind: z.literal("deactivate-custom-connection"), clientId: id }),
  z.strictObject({ kind: z.literal("reset-demo-company"), organisationId: id }),
  z.strictObject({ kind: z.literal("end-purchase"), clientId: id }),
  z.strictObject({ kind: z.literal("revoke-grant"), grantId: id }),
]);

const stallMs = z.number().int().min(0).max(600_000);
const errorStatus = z.number().int().min(400).max(599);
const contentType = z.string().regex(/^[\x20-\x7e]{1,200}$/, "a content type is printable ASCII");
const count = z.number().int().min(1).max(1_000_000);
const faultAction = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("drop") }),
  z.strictObject({ kind: z.literal("reset") }),
  z.strictObject({ kind: z.literal("stall"), ms: stallMs }),
  z.strictObject({
    kind: z.literal("drip"),
    chunkBytes: count.default(1),
    everyMs: z.number().int().min(0).max(60_000).default(100),
  }),
  z.strictObject({
    kind: z.literal("status"),
    status: errorStatus,
    retryAfterSeconds: z.number().int().min(0).max(1_000_000).optional(),
  }),
  z.strictObject({ kind: z.literal("html"), status: errorStatus.default(502) }),
  z.strictObject({
    kind: z.literal("answer"),
    status: z.number().int().min(200).max(599).default(200),
    contentType: contentType.default("application/json; charset=utf-8"),
    body: z.string().max(100_000),
  }),
  z.strictObject({ kind: z.literal("content-type"), contentType: contentType.default("text/html") }),
  z.strictObject({ kind: z.literal("malformed-json") }),
  z.strictObject({ kind: z.literal("duplicate") }),
]);

/** What each control operation takes. Unknown members are refused. */
export const inputs = {
  nothing: z.strictObject({}),
  advance: z.union(
    [z.strictObject({ to: instant }), z.strictObject({ by: duration })],
    'name either "to" (ISO date or epoch ms) or "by" ("61d", "31m" or ms)',
  ),
  fault: z.strictObject({
    endpoint: z.enum(namesIn(FAULT_ENDPOINTS)),
    grantType: name.optional(),
    clientId: id.optional(),
    userId: id.optional(),
    grantId: id.optional(),
    organisationId: id.optional(),
    method: z.enum(FAULT_METHODS).optional(),
    path: z.string().max(200).regex(/^\//, "a path begins with /").optional(),
    nth: count.optional(),
    times: count.nullable().optional(),
    probability: z.number().gt(0).max(1).optional(),
    point: z.enum(namesIn(FAULT_POINTS)),
    action: faultAction,
  }),
  dropNextRefresh: z.strictObject({
    clientId: id.optional(),
    userId: id.optional(),
    email: z.email().max(200).optional(),
    grantId: id.optional(),
  }),
  schedule: z.strictObject({ at: instant, action: scheduledAction }),
  followerReport: z.strictObject({
    clockId: z.number().int().min(0),
    nextDueMs: z.number().min(0).max(8.64e15).nullable(),
    idle: z.boolean(),
  }),
  createUser: z.strictObject({
    email: z.email().max(200),
    givenName: name,
    familyName: name,
    password: z.string().min(1).max(200).default("sandbox"),
  }),
  changeUser: z.strictObject({ password: z.string().min(1).max(200) }),
  createOrganisation: z.strictObject({
    name,
    countryCode: z.string().regex(/^[A-Z]{2}$/),
    baseCurrency: z.string().regex(/^[A-Z]{3}$/),
    timezone: name.default("UTC"),
    isDemoCompany: z.boolean().default(false),
  }),
  setMembership: z.strictObject({ userId: id, organisationId: id, role: role.nullable() }),
  createApp: z.strictObject({
    name,
    kind: z.enum(["web", "pkce"]).default("web"),
    clientId: clientId.optional(),
    clientSecret: clientSecret.optional(),
    redirectUris,
    scopes: scopes.nullable().default(null),
    tier: tier.default("starter"),
    certified: z.boolean().default(false),
    createdAt: instant.optional(),
  }),
  changeApp: z.strictObject({
    name: name.optional(),
    redirectUris: redirectUris.optional(),
    scopes: scopes.nullable().optional(),
    tier: tier.optional(),
    certified: z.boolean().optional(),
  }),
  addSecret: z.strictObject({ clientSecret: clientSecret.optional(), replace: z.boolean().default(false) }),
  createCustomConnection: z.strictObject({
    name,
    companyUrl: companyUrl.optional(),
    userId: id.optional(),
    email: z.email().max(200).optional(),
    scopes: scopes.min(1),
    clientId: clientId.optional(),
    clientSecret: clientSecret.optional(),
    /** When it was made, if not now: older ones have other rules about scopes. */
    createdAt: instant.optional(),
    /** false: it has none until one is added. */
    withSecret: z.boolean().default(true),
  }),
  authoriseCustomConnection: z.strictObject({ organisationId: id, buy: z.boolean().default(true) }),
  buyCustomConnection: z.strictObject({ organisationId: id, userId: id.optional() }),
  changeCustomConnection: z.strictObject({
    name: name.optional(),
    companyUrl: companyUrl.optional(),
    scopes: scopes.min(1).optional(),
    userId: id.optional(),
    email: z.email().max(200).optional(),
    organisationId: z.null().optional(),
  }),
  setWebhook: z.strictObject({
    url: z.string().max(2000),
    categories: z.array(z.enum(WEBHOOK_CATEGORIES)).min(1).max(WEBHOOK_CATEGORIES.length),
  }),
  emitEvent: z.strictObject({
    organisationId: id,
    category: z.enum(WEBHOOK_CATEGORIES),
    type: z.enum(["CREATE", "UPDATE"]),
    resourceId: z.string().regex(/^[A-Za-z0-9._-]{1,100}$/),
  }),
  tokenQuestion: z.union(
    [
      z.strictObject({ token: z.string().min(1).max(5000) }),
      z.strictObject({ refreshTokenHash: z.string().regex(/^[0-9a-f]{64}$/i) }),
    ],
    'name either "token" or "refreshTokenHash" (SHA-256, hex)',
  ),
  trees: z.strictObject({ atMost: count.default(1_000_000) }),
  setLimits: z.strictObject({
    clientId: id,
    organisationId: id,
    minute: callsLeft,
    day: callsLeft,
    appMinute: callsLeft,
  }),
  snapshotName: z.string().regex(/^[\w.-]{1,100}$/, "a name has letters, digits, dots, dashes and underscores"),
  restore: z.union(
    [
      z.strictObject({ name, clock: restoreClock }),
      z.strictObject({ snapshot: z.record(z.string(), z.unknown()), clock: restoreClock }),
    ],
    'name either "name" (of a kept snapshot) or "snapshot" (its JSON); "clock" is "keep" or "rewind"',
  ),
  restoreFile: z.strictObject({ clock: restoreClock }),
  switches: z.record(z.string().max(100), z.unknown()),
} as const;

export type AdvanceInput = z.input<typeof inputs.advance>;
export type FaultInput = z.input<typeof inputs.fault>;
export type DropNextRefreshInput = z.input<typeof inputs.dropNextRefresh>;
export type ScheduleInput = z.input<typeof inputs.schedule>;
export type CreateUserInput = z.input<typeof inputs.createUser>;
export type ChangeUserInput = z.input<typeof inputs.changeUser>;
export type CreateOrganisationInput = z.input<typeof inputs.createOrganisation>;
export type SetMembershipInput = z.input<typeof inputs.setMembership>;
export type CreateAppInput = z.input<typeof inputs.createApp>;
export type ChangeAppInput = z.input<typeof inputs.changeApp>;
export type AddSecretInput = z.input<typeof inputs.addSecret>;
export type CreateCustomConnectionInput = z.input<typeof inputs.createCustomConnection>;
export type AuthoriseCustomConnectionInput = z.input<typeof inputs.authoriseCustomConnection>;
export type BuyCustomConnectionInput = z.input<typeof inputs.buyCustomConnection>;
export type SetWebhookInput = z.input<typeof inputs.setWebhook>;
export type EmitEventInput = z.input<typeof inputs.emitEvent>;
export type ChangeCustomConnectionInput = z.input<typeof inputs.changeCustomConnection>;
export type SetLimitsInput = z.input<typeof inputs.setLimits>;
export type RestoreFileInput = z.input<typeof inputs.restoreFile>;
export type TreesInput = z.input<typeof inputs.trees>;
export type TokenQuestionInput = z.input<typeof inputs.tokenQuestion>;
