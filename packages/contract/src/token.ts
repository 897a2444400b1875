import { z } from "zod";

/** Success of the token endpoint (RFC 6749 §5.1). Never a refresh token, never an ID token. */
export const tokenAnswerSchema = z.object({
  access_token: z.string(),
  token_type: z.literal("Bearer"),
  /** Seconds that really remain. */
  expires_in: z.number().int().nonnegative(),
  scope: z.string(),
  /** Organisations that the connection reaches. */
  tenants: z.array(z.object({ id: z.string(), name: z.string() })).readonly(),
});
export type TokenAnswer = z.infer<typeof tokenAnswerSchema>;

export const TOKEN_ERRORS = [
  "invalid_request",
  "invalid_client",
  "invalid_target",
  "invalid_scope",
  "unsupported_grant_type",
  "consent_required",
  "temporarily_unavailable",
  "server_error",
] as const;

/** Refusal of the token endpoint (RFC 6749 §5.2), with Evergrant's own stable `code`. */
export const tokenErrorSchema = z.object({
  error: z.enum(TOKEN_ERRORS),
  error_description: z.string(),
  code: z.string(),
  /** Where a person can give consent again; only for callers with the right `consent`. */
  consent_url: z.string().optional(),
});
export type TokenError = z.infer<typeof tokenErrorSchema>;
