import type { Attempt, Chain, GrantState, Lease, Renewal, SpendableToken, Trouble, WarmHours } from "@evergrant/core";
import fc from "fast-check";
import type { StoredApp } from "../../ports/app-store.ts";
import { RIGHTS, type StoredCaller } from "../../ports/caller-store.ts";
import type { ConnectionTenant, StoredConnection } from "../../ports/connection-store.ts";
import type { ConsentProgress, ReceivedConsent, StoredConsent } from "../../ports/consent-store.ts";
import type { StoredGrant, TokenVersion } from "../../ports/grant-store.ts";
import type { Tenant } from "../../ports/provider-api.ts";
import * as samples from "./samples.ts";

const text = fc.string({ unit: "grapheme", maxLength: 12 });
const id = <Id extends string>() => fc.stringMatching(/^[A-Za-z0-9_-]{1,12}$/).map((value) => value as Id);
const instant = fc.nat({ max: 8_640_000_000_000_000 });
const count = fc.maxSafeNat();
const orNull = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null });

const spendable: fc.Arbitrary<SpendableToken> = fc.record({
  version: id<SpendableToken["version"]>(),
  receivedAtMs: instant,
  sends: fc.nat(),
  firstSentAtMs: orNull(instant),
  lastSentAtMs: orNull(instant),
  refusedAtMs: orNull(instant),

  refusals: fc.nat(9),
});

const renewal: fc.Arbitrary<Renewal> = fc.oneof(
  fc.record({
    kind: fc.constant("refresh-token" as const),
    head: spendable,
    previous: orNull(spendable),
    candidates: fc.array(spendable, { maxLength: 3 }),
    suspect: orNull(fc.record({ parentFirstSentAtMs: instant, parentLastSentAtMs: instant })),
  }),
  fc.constant({ kind: "client-credentials" as const }),
);

const attempt: fc.Arbitrary<Attempt> = fc.record({
  id: id<Attempt["id"]>(),
  node: id<Attempt["node"]>(),
  token: orNull(id<SpendableToken["version"]>()),
  startedAtMs: instant,
  endedAtMs: orNull(instant),
  because: fc.constantFrom("hot", "warm", "keepalive", "demand", "recovery", "confirm", "court", "emergency"),
});

const trouble: fc.Arbitrary<Trouble> = fc.record({
  kind: fc.constantFrom("unreachable", "app-error", "ambiguous"),
  detail: text,
  sinceMs: instant,
  lastAtMs: instant,
  failures: fc.nat(),
  retryAtMs: instant,
  notBeforeMs: instant,
});

const chain: fc.Arbitrary<Chain> = fc.record({
  id: id<Chain["id"]>(),
  generation: count,
  renewal,
  access: orNull(
    fc.record({
      version: id<SpendableToken["version"]>(),
      receivedAtMs: instant,
      expiresAtMs: instant,
      scope: orNull(text),
    }),
  ),
  attempt: orNull(attempt),
  trouble: orNull(trouble),
  renewedAtMs: instant,
  usedAtMs: orNull(instant),
  jitter: fc.double({ min: 0, max: 0.999, noNaN: true }).map(Math.abs),
  warned: orNull(fc.constantFrom("half" as const, "three-quarters" as const)),
});

export const grantState: fc.Arbitrary<GrantState> = fc.oneof(
  fc.constant({ kind: "unconsented" as const }),
  fc.record({ kind: fc.constant("live" as const), chain }),
  fc.record({
    kind: fc.constant("in-court" as const),
    chain,
    court: fc.record({ openedAtMs: instant, confirmations: fc.nat(), lastTryAtMs: instant }),
  }),
  fc.record({
    kind: fc.constant("consent-needed" as const),
    chain,
    reason: fc.constantFrom(
      "refused-by-provider" as const,
      "lapsed" as const,
      "not-authorised" as const,
      "cloned" as const,
    ),
    sinceMs: instant,
  }),
  fc.record({
    kind: fc.constant("ended" as const),
    reason: fc.constantFrom("revoked" as const, "disconnected" as const, "erased" as const),
    sinceMs: instant,
  }),
);

export const lease: fc.Arbitrary<Lease> = fc.record({
  fence: count,
  owner: orNull(id<NonNullable<Lease["owner"]>>()),
  untilMs: instant,
});

export const storedGrant: fc.Arbitrary<StoredGrant> = fc.record({
  id: id<StoredGrant["id"]>(),
  app: fc.constant(samples.APP),
  subject: orNull(text),
  state: grantState,
  lease,
  dataKey: text.map((value) => value as StoredGrant["dataKey"]),
  dueAtMs: orNull(instant),
});

const sealed = text.map((value) => value as TokenVersion["accessToken"]);

export const tokenVersion: fc.Arbitrary<TokenVersion> = fc.record({
  id: id<TokenVersion["id"]>(),
  grant: fc.constant(samples.GRANT),
  chain: id<TokenVersion["chain"]>(),
  parent: orNull(id<TokenVersion["id"]>()),
  receivedAtMs: instant,
  accessToken: sealed,
  accessExpiresAtMs: instant,
  refreshToken: orNull(sealed),
  refreshFingerprint: orNull(text),
  scope: orNull(text),
});

const tenantShape = {
  id: text,
  name: text,
  connectionId: text,
  consentEventId: orNull(text),
  updatedAtMs: orNull(instant),
};
const tenant: fc.Arbitrary<Tenant> = fc.record(tenantShape);
const connectionTenant: fc.Arbitrary<ConnectionTenant> = fc.record({
  ...tenantShape,
  status: fc.constantFrom("connected" as const, "gone" as const),
  sinceMs: instant,
});

const storedConnectionShape = {
  id: id<StoredConnection["id"]>(),
  name: text,
  app: fc.constant(samples.APP),
  grant: fc.constantFrom(null, samples.GRANT),
  tenants: fc.array(connectionTenant, { maxLength: 3 }),
  expectedTenant: orNull(text),
  consentEpoch: count,
  disabledAtMs: orNull(instant),
  createdAtMs: instant,
  healthCheckedAtMs: orNull(instant),
};
const warmHours: fc.Arbitrary<WarmHours> = fc.oneof(
  fc.record({ kind: fc.constant("always" as const) }),
  fc.record({ kind: fc.constant("cron" as const), cron: text, zone: text }),
);
export const storedConnection: fc.Arbitrary<StoredConnection> = fc.record(
  {
    ...storedConnectionShape,
    warm: warmHours,
    alsoReached: fc.array(fc.record({ id: text, name: text }), { minLength: 1, maxLength: 2 }),
  },
  { requiredKeys: Object.keys(storedConnectionShape) as (keyof typeof storedConnectionShape)[] },
);

const received: fc.Arbitrary<ReceivedConsent> = fc.record({
  grant: fc.constant(samples.GRANT),
  chain: fc.constant(samples.CHAIN),
  version: fc.constant(samples.VERSION),
  subject: orNull(text),
  subjectName: orNull(text),
  scope: orNull(text),
  tenants: fc.array(tenant, { maxLength: 2 }),
  chosenTenants: fc.array(text, { maxLength: 2 }),
});

export const consentProgress: fc.Arbitrary<ConsentProgress> = fc.oneof(
  fc.constant({ kind: "started" as const }),
  fc.record({ kind: fc.constant("claimed" as const), atMs: instant, attempt: text }),
  fc.record({ kind: fc.constant("declined" as const), atMs: instant, error: text }),
  fc.record({
    kind: fc.constant("failed" as const),
    atMs: instant,
    code: fc.constantFrom("consent_code_refused", "consent_answer_lost", "import_token_refused"),
    detail: text,
  }),
  fc
    .tuple(received, instant)
    .map(([what, atMs]) => ({ kind: "held" as const, atMs, because: ["no-tenant" as const], ...what })),
  fc.tuple(received, instant, text).map(([what, atMs, acceptedBy]) => ({
    kind: "held" as const,
    atMs,
    because: ["new-tenant" as const],
    acceptedBy,
    ...what,
  })),
  fc.tuple(received, instant, text).map(([what, atMs, by]) => ({ kind: "accepted" as const, atMs, by, ...what })),
  fc.tuple(received, instant, text).map(([what, atMs, by]) => ({ kind: "refused" as const, atMs, by, ...what })),
);

export const storedConsent: fc.Arbitrary<StoredConsent> = fc.record({
  id: id<StoredConsent["id"]>(),
  connection: fc.constant(samples.CONNECTION),
  app: fc.constant(samples.APP),
  linkHash: orNull(text),
  linkEpoch: orNull(count),
  pastedBy: orNull(text),
  startedFrom: orNull(fc.record({ address: text, agent: orNull(text) })),
  purpose: fc.constantFrom("first", "again", "import"),
  stateHash: text,
  browserHash: text,
  nonce: text,
  redirectUri: fc.webUrl(),
  dataKey: text.map((value) => value as StoredConsent["dataKey"]),
  codeVerifier: text.map((value) => value as StoredConsent["codeVerifier"]),
  startedAtMs: instant,
  expiresAtMs: instant,
  progress: consentProgress,
});

const wholePermission = fc.record({ connection: id<StoredConnection["id"]>(), right: fc.constantFrom(...RIGHTS) });
const respect = orNull(fc.array(text, { maxLength: 3 }));
const narrowedPermission = fc.record({
  connection: id<StoredConnection["id"]>(),
  right: fc.constant("gateway" as const),
  only: fc.record({ tenants: respect, methods: respect, paths: respect }),
});

const keySource = fc.oneof(
  fc.record({
    kind: fc.constant("keys" as const),
    keys: fc.array(fc.record({ kty: fc.constantFrom("RSA", "EC"), kid: text }), { maxLength: 2 }),
  }),
  fc.record({ kind: fc.constant("url" as const), url: text }),
  fc.record({ kind: fc.constant("file" as const), file: text }),
);
const workload = fc.oneof(
  fc.record({
    ...{ kind: fc.constant("kubernetes" as const), issuer: text, audience: text },
    ...{ namespace: text, serviceAccount: text, keys: keySource },
  }),
  fc.record({
    ...{ kind: fc.constant("oidc" as const), issuer: text, audience: text, subject: text },
    ...{ claims: fc.constantFrom({}, { role: "writer" }), keys: fc.constant({ kind: "discovery" as const }) },
  }),
);
const callerAuthentication = fc.record({
  keys: orNull(keySource),
  workloads: fc.array(workload, { maxLength: 2 }),
  networks: orNull(fc.array(text, { maxLength: 2 })),
  requestsPerMinute: orNull(fc.integer({ min: 1, max: 60_000 })),
});

export const storedCaller: fc.Arbitrary<StoredCaller> = fc.record({
  id: id<StoredCaller["id"]>(),
  name: text,
  secrets: fc.array(fc.record({ id: text, sha256: text, createdAtMs: instant, expiresAtMs: orNull(instant) }), {
    maxLength: 2,
  }),
  authentication: callerAuthentication,
  permissions: fc.array(fc.oneof(wholePermission, narrowedPermission), { maxLength: 4 }),
  disabledAtMs: orNull(instant),
  createdAtMs: instant,
});

const storedAppShape = {
  id: id<StoredApp["id"]>(),
  name: text,
  provider: text,
  clientId: text,
  dataKey: text.map((value) => value as StoredApp["dataKey"]),
  clientSecrets: fc.array(fc.record({ id: text, sealed: sealed, addedAtMs: instant }), { maxLength: 2 }),
  scopes: fc.array(text, { maxLength: 3 }),
  origins: orNull(fc.record({ identity: fc.webUrl(), login: fc.webUrl(), api: fc.webUrl() })),
  createdAtMs: instant,
};
export const storedApp: fc.Arbitrary<StoredApp> = fc.record(
  { ...storedAppShape, oldAccessToken: fc.constantFrom("survives" as const, "dies" as const) },
  { requiredKeys: Object.keys(storedAppShape) as (keyof typeof storedAppShape)[] },
);
