import { z } from "zod";

/** Authorization server metadata of one connection's issuer (RFC 8414 §2). */
export const issuerMetadataSchema = z.object({
  issuer: z.string(),
  token_endpoint: z.string(),
  grant_types_supported: z.tuple([z.literal("client_credentials")]),
  token_endpoint_auth_methods_supported: z.array(z.enum(["client_secret_basic", "client_secret_post"])).readonly(),
  /** Empty: there is no authorization endpoint. Required by RFC 8414. */
  response_types_supported: z.tuple([]),
  scopes_supported: z.array(z.string()).readonly(),
});
export type IssuerMetadata = z.infer<typeof issuerMetadataSchema>;
