import { z } from "zod";
import { idSchema, instantMsSchema } from "./names.ts";

/** `POST /connections/{name}/consent-links`. `any-tenant` accepts beforehand whichever organisation is chosen. */
export const newConsentLinkSchema = z.strictObject({ accept: z.enum(["ask", "any-tenant"]).default("ask") });
export type NewConsentLink = z.input<typeof newConsentLinkSchema>;

export const consentLinkSchema = z.object({ url: z.string(), expiresAtMs: instantMsSchema });
export type ConsentLink = z.infer<typeof consentLinkSchema>;

export const reconsentLinkSchema = z.object({ url: z.string() });
export type ReconsentLink = z.infer<typeof reconsentLinkSchema>;

export const HOLD_REASONS = [
  "initiator-must-confirm",
  "other-subject",
  "subject-unknown",
  "expected-tenant-missing",
  "new-tenant",
  "no-tenant",
  "scope-missing",
] as const;
const holdReasonSchema = z.enum(HOLD_REASONS);

/** Query of `GET /consents`: only those that wait for a decision can be listed. */
export const consentsQuerySchema = z.strictObject({ held: z.enum(["", "true"]) });

export const heldConsentSchema = z.object({
  id: idSchema,
  connection: z.string(),
  subject: z.string().nullable(),
  subjectName: z.string().nullable(),
  tenants: z.array(z.string()).readonly(),
  because: z.array(holdReasonSchema).readonly(),
  atMs: instantMsSchema,
});
export type HeldConsent = z.infer<typeof heldConsentSchema>;

export const heldConsentListSchema = z.object({ consents: z.array(heldConsentSchema).readonly() });

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
    code: z.enum(["consent_code_refused", "consent_answer_lost", "consent_answer_incomplete"]),
  }),
]);
export type ConsentResult = z.infer<typeof consentResultSchema>;
