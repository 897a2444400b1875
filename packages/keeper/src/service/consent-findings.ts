import type { ConsentFindings, Secret, TokenAnswer } from "@evergrant/core";
import type { StoredConsent } from "../ports/consent-store.ts";
import type { Tenant, TenantsAnswer } from "../ports/provider-api.ts";
import type { App } from "./app-directory.ts";
import { jwtClaims, textClaim } from "./jwt-claims.ts";
import { missingScopes } from "./scopes.ts";
import type { ServiceContext } from "./service-context.ts";
import { pause } from "./waiting.ts";

export interface Findings extends ConsentFindings {
  readonly subjectName: string | null;
  readonly tenants: readonly Tenant[] | null;
}

const LIST_TRIES = 3;

/** Who consented, to what, for which organisations: read from the fresh tokens and the provider's own list. */
export async function findOut(
  context: ServiceContext,
  work: { app: App; consent: StoredConsent; answer: Pick<TokenAnswer, "accessToken" | "idToken" | "scope"> },
): Promise<Omit<Findings, "link">> {
  const { app, consent, answer } = work;
  const { subject, tenants: discovery } = app.provider;
  const access = jwtClaims(answer.accessToken);
  const id = jwtClaims(answer.idToken);
  const tenants = discovery.kind === "none" ? [] : await listTenants(context, app, answer.accessToken);
  const eventId = discovery.kind === "none" ? null : textClaim(access, discovery.consentClaim);
  const subjectId = subject.kind === "none" ? null : textClaim(subject.token === "access" ? access : id, subject.claim);
  const isKnownAsItIs = await knownTenants(context, consent, subjectId);
  const startedAtMs = consent.startedAtMs - context.limits.clockSkewMs;
  const ofThisConsent = (tenants ?? []).filter(
    (tenant) =>
      (eventId !== null && tenant.consentEventId === eventId) ||
      (tenant.updatedAtMs !== null && tenant.updatedAtMs >= startedAtMs && !isKnownAsItIs(tenant)),
  );
  const chosen = ofThisConsent.length === 0 && tenants?.length === 1 ? tenants : ofThisConsent;
  return {
    subject: subjectId,
    subjectName: textClaim(id, "email") ?? textClaim(id, "preferred_username") ?? textClaim(id, "name"),
    hasTenants: discovery.kind !== "none",
    tenants,
    chosenTenants: chosen.map((tenant) => tenant.id),
    missingScopes: missingScopes(app.stored.scopes, answer.scope),
  };
}

// Two consents of one person may be seconds apart, less than clocks may differ: what the first one touched is not the second one's.
async function knownTenants(
  { store }: ServiceContext,
  consent: StoredConsent,
  subject: string | null,
): Promise<(tenant: Tenant) => boolean> {
  const grant = subject === null ? undefined : await store.grants.findBySubject(consent.app, subject);
  const connections = grant === undefined ? [] : await store.connections.ofGrant(grant.id);
  const known = new Map(connections.flatMap(({ tenants }) => tenants.map(({ id, updatedAtMs }) => [id, updatedAtMs])));
  return ({ id, updatedAtMs }) => known.get(id) === updatedAtMs;
}

async function listTenants(context: ServiceContext, app: App, accessToken: Secret): Promise<readonly Tenant[] | null> {
  const endpoints = await app.endpoints();
  for (let tries = 1; ; tries += 1) {
    const listed: TenantsAnswer = await context.providerApi.tenants(app.provider, endpoints, accessToken);
    if (listed.kind === "listed") return listed.tenants;
    if (tries === LIST_TRIES) return null;
    await pause(context, context.limits.marginMs / 10);
  }
}
