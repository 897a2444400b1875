import { z } from "zod";
import { idSchema, instantMsSchema } from "./names.ts";
import { listPage, pageQuery } from "./pages.ts";

/** `POST /connections/{name}/consent-links`. `any-tenant` accepts beforehand whichever organisation is chosen. */
export const newConsentLinkSchema = z.strictObject({ accept: z.enum(["ask", "any-tenant"]).default("ask") });
export type NewConsentLink = z.input<typeof newConsentLinkSchema>;

/** `qrSvg`: the address as a QR code, an SVG picture for whoever shows it on a page. */
export const consentLinkSchema = z.object({ url: z.string(), expiresAtMs: instantMsSchema, qrSvg: z.string() });
export type ConsentLink = z.infer<typeof consentLinkSchema>;

export const reconsentLinkSchema = z.object({ url: z.string(), qrSvg: z.string() });
export type ReconsentLink = z.infer<typeof reconsentLinkSchema>;

export const HOLD_REASONS = [
  "initiator-must-confirm",
  "other-subject",
  "subject-unknown",
  "expected-tenant-missing",
  "new-tenant",
  "no-tenant",
  "tenants-unread",
  "scope-missing",
  "link-revoked",
] as const;

const CONSENT_FAILURES = [
  "consent_code_refused",
  "consent_answer_lost",
  "consent_answer_incomplete",
  "consent_superseded",
  "import_token_known",
  "import_token_refused",
  "import_unfinished",
] as const;
const holdReasonSchema = z.enum(HOLD_REASONS);

/** Query of `GET /consents`: only those that wait for a decision can be listed. */
export const consentsQuerySchema = pageQuery({ held: z.enum(["", "true"]) });

/** Who started a consent and from where: `from` is null where nobody of this deployment saw it, `pastedBy` where nobody pastes. */
const whoAndWhere = {
  /** `import`: an operator brought a refresh token. */
  purpose: z.enum(["first", "again", "import"]),
  startedAtMs: instantMsSchema,
  from: z.object({ address: z.string(), agent: z.string().nullable() }).nullable(),
  pastedBy: z.string().nullable(),
  subject: z.string().nullable(),
  subjectName: z.string().nullable(),
  /** Organisations chosen in this consent. */
  tenants: z.array(z.string()).readonly(),
  because: z.array(holdReasonSchema).readonly(),
};

export const heldConsentSchema = z.object({
  id: idSchema,
  connection: z.string(),
  ...whoAndWhere,
  /** Every organisation that its tokens reach. */
  reaches: z.array(z.string()).readonly(),
  missingScopes: z.array(z.string()).readonly(),
  /** Connections on this person's grant: callers of each would reach the organisations of all. */
  sharedWith: z.array(z.string()).readonly(),
  atMs: instantMsSchema,
  /** When its refresh token dies; nothing keeps it alive before it is accepted. */
  lapsesAtMs: instantMsSchema.nullable(),
});
export type HeldConsent = z.infer<typeof heldConsentSchema>;

export const heldConsentListSchema = z.object({ consents: z.array(heldConsentSchema).readonly(), ...listPage });

/** `GET /connections/{name}/consents`: newest first. */
export const consentHistorySchema = z.object({
  consents: z
    .array(
      z.object({
        id: idSchema,
        ...whoAndWhere,
        outcome: z.enum(["started", "claimed", "declined", "failed", "held", "accepted", "refused"]),
        atMs: instantMsSchema.nullable(),
        scope: z.string().nullable(),
        /** `rule`, or who said yes or no. */
        decidedBy: z.string().nullable(),
      }),
    )
    .readonly(),
  ...listPage,
});
export type ConsentHistory = z.infer<typeof consentHistorySchema>;

/** `POST /connections/{name}/pasted-consents`: for people whose browser cannot reach the public URL. */
export const pastedConsentSchema = z.object({
  id: idSchema,
  /** For the person; the page that they end on need not open. */
  authorizeUrl: z.string(),
  expiresAtMs: instantMsSchema,
});
export type PastedConsent = z.infer<typeof pastedConsentSchema>;

/** `POST /consents/{id}/callback`: the whole address that the person ended on. */
export const pastedCallbackSchema = z.strictObject({ address: z.string().min(1).max(16_384) });

/** `POST /consents/{id}/decision`. */
export const consentDecisionSchema = z.strictObject({ accept: z.boolean() });
export type ConsentDecision = z.input<typeof consentDecisionSchema>;

const ofConnection = { connection: z.string() };
const received = { ...ofConnection, tenants: z.array(z.string()).readonly(), subjectName: z.string().nullable() };

export const consentResultSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("pending"), ...ofConnection }),
  z.object({ kind: z.literal("accepted"), ...received, sharedWith: z.array(z.string()).readonly() }),
  z.object({ kind: z.literal("held"), ...received, because: z.array(holdReasonSchema).readonly() }),
  z.object({ kind: z.literal("refused"), ...ofConnection }),
  z.object({ kind: z.literal("declined"), ...ofConnection }),
  z.object({
    kind: z.literal("failed"),
    ...ofConnection,
    code: z.enum(CONSENT_FAILURES),
  }),
]);
export type ConsentResult = z.infer<typeof consentResultSchema>;
