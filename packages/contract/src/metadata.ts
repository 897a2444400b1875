import { z } from "zod";

/** `private_key_jwt` also stands for an assertion that a workload's platform signs (RFC 7523 §2.2). */
export const AUTHENTICATION_METHODS = ["client_secret_basic", "client_secret_post", "private_key_jwt"] as const;

/** Authorization server metadata of one connection's issuer, or of the shared token endpoint (RFC 8414 §2). */
export const issuerMetadataSchema = z.object({
  issuer: z.string(),
  token_endpoint: z.string(),
  grant_types_supported: z.tuple([z.literal("client_credentials")]),
  token_endpoint_auth_methods_supported: z.array(z.enum(AUTHENTICATION_METHODS)).readonly(),
  /** By which assertions may be signed. */
  token_endpoint_auth_signing_alg_values_supported: z.array(z.string()).readonly(),
  /** Empty: there is no authorization endpoint. Required by RFC 8414. */
  response_types_supported: z.tuple([]),
  scopes_supported: z.array(z.string()).readonly(),
});
export type IssuerMetadata = z.infer<typeof issuerMetadataSchema>;
