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
  readonly tenants: readonly Tenant[];
}

const TRIES = 3;

export interface FreshConsent {
  readonly app: App;
  readonly consent: StoredConsent;
  readonly answer: TokenAnswer;
  readonly callback: Readonly<Record<string, string>>;
  readonly pinned: PinnedOrigins;
}

/** Who consented, to what, for which organisations: read from the fresh tokens and the provider's own list. */
export async function findOut(context: ServiceContext, work: FreshConsent): Promise<Findings> {
  const { app, answer } = work;
  const id = jwtClaims(answer.idToken);
  const { tenants, chosen } = await findTenants(context, work);
  return {
    subject: subjectOf(app.provider, await findPerson(context, work), chosen),
    subjectName: textClaim(id, "email") ?? textClaim(id, "preferred_username") ?? textClaim(id, "name"),
    hasTenants: app.provider.tenants.kind !== "none",
    tenants,
    chosenTenants: chosen.map((tenant) => tenant.id),
    missingScopes: missingScopes(app, answer.scope),
  };
}

interface FoundTenants {
  readonly tenants: readonly Tenant[];
  /** Those of this very consent. */
  readonly chosen: readonly Tenant[];
}

async function findTenants(context: ServiceContext, work: FreshConsent): Promise<FoundTenants> {
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
      return { tenants, chosen: chosenOf(context, tenants, { discovery, work }) };
    }
  }
}

function onlyTenant(id: string | null): FoundTenants {
  const tenants = id === null ? [] : [{ id, name: id, connectionId: id, consentEventId: null, updatedAtMs: null }];
  return { tenants, chosen: tenants };
}

function chosenOf(
  context: ServiceContext,
  tenants: readonly Tenant[],
  { discovery, work }: { readonly discovery: TenantList; readonly work: FreshConsent },
): readonly Tenant[] {
  if (discovery.consent === null) return tenants;
  const eventId = textClaim(jwtClaims(work.answer.accessToken), discovery.consent.claim);
  const startedAtMs = work.consent.startedAtMs - context.limits.clockSkewMs;
  const ofThisConsent = tenants.filter(
    (tenant) =>
      (eventId !== null && tenant.consentEventId === eventId) ||
      (tenant.updatedAtMs !== null && tenant.updatedAtMs >= startedAtMs),
  );
  return ofThisConsent.length === 0 && tenants.length === 1 ? tenants : ofThisConsent;
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

// Where each organisation has tokens of its own, one person's consent for a second one must not take the place of the first.
function subjectOf(provider: Provider, person: string | null, chosen: readonly Tenant[]): string | null {
  if (person === null || provider.grantPer === "person") return person;
  return `${chosen.map(({ id }) => id).join(",")}/${person}`;
}

async function listTenants(context: ServiceContext, { app, answer, pinned }: FreshConsent): Promise<readonly Tenant[]> {
  const endpoints = atHome(await app.endpoints(), pinned);
  for (let tries = 1; ; tries += 1) {
    const listed: TenantsAnswer = await context.providerApi.tenants(app.provider, endpoints, answer.accessToken);
    if (listed.kind === "listed") return listed.tenants;
    if (tries === TRIES) return [];
    await pause(context, context.limits.marginMs / 10);
  }
}
