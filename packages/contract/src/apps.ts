import { z } from "zod";
import { idSchema, instantMsSchema, nameSchema } from "./names.ts";
import { outageBudgetSchema } from "./outages.ts";
import { listPage } from "./pages.ts";

const originSchema = z.string().min(1).max(300);
// RFC 6749 §3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E )
const scopeSchema = z.string().regex(/^[\x21\x23-\x5B\x5D-\x7E]{1,200}$/, "must be one scope without spaces");
const clientSecretSchema = z.string().min(1).max(1000);

/** Replaces a provider's own origins: identity server, where browsers log in, and API. */
const appOriginsSchema = z.strictObject({ identity: originSchema, login: originSchema, api: originSchema });

/** `POST /apps`: our OAuth client at a provider. */
export const newAppSchema = z.strictObject({
  name: nameSchema,
  provider: nameSchema,
  clientId: z.string().min(1).max(300),
  clientSecret: clientSecretSchema.nullable().default(null),
  /** Null: the provider's default scopes. */
  scopes: z.array(scopeSchema).max(100).nullable().default(null),
  origins: appOriginsSchema.nullable().default(null),
});
export type NewApp = z.input<typeof newAppSchema>;

/** `POST /apps/{name}/secrets`: goes in front of the others. */
export const newAppSecretSchema = z.strictObject({ clientSecret: clientSecretSchema });
export type NewAppSecret = z.input<typeof newAppSecretSchema>;

/** `PUT /apps/{name}/scopes`: what is asked for from the next consent on. */
export const appScopesSchema = z.strictObject({ scopes: z.array(scopeSchema).min(1).max(100) });
export type AppScopes = z.input<typeof appScopesSchema>;

export const appSchema = z.object({
  id: idSchema,
  name: z.string(),
  provider: z.string(),
  clientId: z.string(),
  scopes: z.array(z.string()).readonly(),
  origins: z.object({ identity: z.string(), login: z.string(), api: z.string() }).nullable(),
  clientSecrets: z.array(z.object({ id: z.string(), addedAtMs: instantMsSchema })).readonly(),
  /** To be registered at the provider, character for character. */
  redirectUri: z.string(),
  createdAtMs: instantMsSchema,
});
export type App = z.infer<typeof appSchema>;

export const appListSchema = z.object({ apps: z.array(appSchema).readonly(), ...listPage });

/** How requests of a provider's API name the organisation they are about. */
const tenantLocatorSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("header"), name: z.string() }),
  z.object({ kind: z.literal("query"), name: z.string() }),
  /** The segment of the path that comes after these; `*` stands for any one. */
  z.object({ kind: z.literal("path"), after: z.string() }),
  /** The connection's own host: see its organisations. */
  z.object({ kind: z.literal("host") }),
  z.object({ kind: z.literal("none") }),
]);
export type TenantLocator = z.infer<typeof tenantLocatorSchema>;

export const providerListSchema = z.object({
  providers: z
    .array(
      z.object({
        id: z.string(),
        displayName: z.string(),
        kind: z.enum(["authorization_code", "client_credentials"]),
        /** What its rules do not let us promise. */
        cannotPromise: z.array(z.string()).readonly(),
        /** What each kind of outage would cost. */
        outages: outageBudgetSchema,
        /** Where its API is, if no app says otherwise. Empty: each connection has a place of its own, or the app has to say. */
        apiOrigins: z.array(z.string()).readonly(),
        tenantLocator: tenantLocatorSchema,
        /** A cheap API request. */
        examplePath: z.string().nullable(),
        /** Facts that are used though no source says all of them; as `sources` of its data names them. */
        unconfirmed: z.array(z.string()).readonly(),
      }),
    )
    .readonly(),
});
export type ProviderList = z.infer<typeof providerListSchema>;
