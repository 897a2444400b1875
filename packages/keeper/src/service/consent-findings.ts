import type { ConsentFindings, TokenAnswer } from "@evergrant/core";
import type { StoredConsent } from "../ports/consent-store.ts";
import type { PinnedOrigins, Provider, TenantList } from "../ports/provider.ts";
import type { Tenant, TenantsAnswer } from "../ports/provider-api.ts";
import type { App } from "./app-directory.ts";
import { atHome, matched } from "./homes.ts";
import { jwtClaims, textClaim } from "./jwt-claims.ts";
import { missingScopes } from "./scopes.ts";
import type { ServiceContext } from "./service-context.ts";
import { pause } from "./waiting.ts";

export interface Findings extends ConsentFindings {
  readonly subjectName: string | null;
  readonly tenants: readonly Tenant[] | null;
}

const TRIES = 3;

export interface FreshConsent {
  readonly app: App;
  readonly consent: StoredConsent;
  readonly answer: Pick<TokenAnswer, "accessToken" | "idToken" | "scope" | "members">;
  readonly callback: Readonly<Record<string, string>>;
  readonly pinned: PinnedOrigins | null;
}

/** Who consented, to what, for which organisations: read from the fresh tokens and the provider's own list. */
export async function findOut(context: ServiceContext, work: FreshConsent): Promise<Omit<Findings, "link">> {
  const { app, answer } = work;
  const id = jwtClaims(answer.idToken);
  const person = await findPerson(context, work);
  const { tenants, chosen } = await findTenants(context, work, person);
  return {
    subject: subjectOf(app.provider, person, chosen),
    subjectName: textClaim(id, "email") ?? textClaim(id, "preferred_username") ?? textClaim(id, "name"),
    hasTenants: app.provider.tenants.kind !== "none",
    tenants,
    chosenTenants: chosen.map((tenant) => tenant.id),
    missingScopes: missingScopes(app, answer.scope),
  };
}

interface FoundTenants {
  /** Null: the list could not be read. */
  readonly tenants: readonly Tenant[] | null;
  /** Those of this very consent. */
  readonly chosen: readonly Tenant[];
}

async function findTenants(context: ServiceContext, work: FreshConsent, person: string | null): Promise<FoundTenants> {
  const { tenants: discovery } = work.app.provider;
  switch (discovery.kind) {
    case "none":
      return { tenants: [], chosen: [] };
    case "callback":
      return onlyTenant(matched(discovery.pattern, work.callback[discovery.parameter] ?? ""));
    case "token-answer":
      return onlyTenant(matched(discovery.pattern, work.answer.members[discovery.member] ?? ""));
    case "list": {
      const tenants = await listTenants(context, work);
      if (tenants === null) return { tenants, chosen: [] };
      const isKnownAsItIs = await knownTenants(context, work.consent, person);
      const startedAtMs = work.consent.startedAtMs - context.limits.clockSkewMs;
      return { tenants, chosen: chosenOf(tenants, { discovery, work, startedAtMs, isKnownAsItIs }) };
    }
  }
}

function onlyTenant(id: string | null): FoundTenants {
  const tenants = id === null ? [] : [{ id, name: id, connectionId: id, consentEventId: null, updatedAtMs: null }];
  return { tenants, chosen: tenants };
}

function chosenOf(
  tenants: readonly Tenant[],
  by: {
    readonly discovery: TenantList;
    readonly work: FreshConsent;
    readonly startedAtMs: number;
    readonly isKnownAsItIs: (tenant: Tenant) => boolean;
  },
): readonly Tenant[] {
  const { consent } = by.discovery;
  if (consent === null) return tenants;
  const eventId = textClaim(jwtClaims(by.work.answer.accessToken), consent.claim);
  const ofThisConsent = tenants.filter(
    (tenant) =>
      (eventId !== null && tenant.consentEventId === eventId) ||
      (tenant.updatedAtMs !== null && tenant.updatedAtMs >= by.startedAtMs && !by.isKnownAsItIs(tenant)),
  );
  return ofThisConsent.length === 0 && tenants.length === 1 ? tenants : ofThisConsent;
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

async function findPerson(context: ServiceContext, { app, answer, pinned }: FreshConsent): Promise<string | null> {
  const { subject } = app.provider;
  switch (subject.kind) {
    case "none":
      return null;
    case "jwt-claim":
      return textClaim(jwtClaims(subject.token === "access" ? answer.accessToken : answer.idToken), subject.claim);
    case "token-answer":
      return matched(subject.pattern, answer.members[subject.member] ?? "");
    case "api": {
      const endpoints = atHome(await app.endpoints(), pinned);
      for (let tries = 1; ; tries += 1) {
        const found = await context.providerApi.subject(app.provider, endpoints, answer.accessToken);
        if (found !== null || tries === TRIES) return found;
        await pause(context, context.limits.marginMs / 10);
      }
    }
  }
}

// Where each organisation has tokens of its own, one person's consent for a second one must not take the place of the first:
// as long as nobody knows which one it was for, nobody knows whose it is.
function subjectOf(provider: Provider, person: string | null, chosen: readonly Tenant[]): string | null {
  if (person === null || provider.grantPer === "person") return person;
  return chosen.length === 0 ? null : `${chosen.map(({ id }) => id).join(",")}/${person}`;
}

async function listTenants(
  context: ServiceContext,
  { app, answer, pinned }: FreshConsent,
): Promise<readonly Tenant[] | null> {
  const endpoints = atHome(await app.endpoints(), pinned);
  for (let tries = 1; ; tries += 1) {
    const listed: TenantsAnswer = await context.providerApi.tenants(app.provider, endpoints, answer.accessToken);
    if (listed.kind === "listed") return listed.tenants;
    if (tries === TRIES) return null;
    await pause(context, context.limits.marginMs / 10);
  }
}
