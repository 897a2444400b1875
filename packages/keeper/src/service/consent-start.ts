import { type ConsentId, Secret } from "@evergrant/core";
import type { StoredConnection } from "../ports/connection-store.ts";
import type { ConsentOrigin, StoredConsent } from "../ports/consent-store.ts";
import type { App } from "./app-directory.ts";
import { consentRecords, originFacts } from "./consent-records.ts";
import { codeChallenge, digest } from "./digest.ts";
import { newId, newSecretText } from "./new-id.ts";
import type { ServiceContext } from "./service-context.ts";

/** By whom and through what a run is started. */
export interface ConsentStart {
  readonly connection: StoredConnection;
  readonly app: App;
  readonly linkHash: string | null;
  readonly linkEpoch: number | null;
  /** The browser that has to bring the answer; null where the operator `pastedBy` pastes it. */
  readonly browser: Secret | null;
  readonly pastedBy: string | null;
  readonly from: ConsentOrigin | null;
}

/**
 * Begins a run: state, PKCE verifier and nonce are drawn anew and kept in one record with the browser, the app and its redirect URI
 * (RFC 9700 §2.1, §4.4, §4.7; RFC 7636). Answers where the person is to be sent.
 */
export async function startConsent(
  context: ServiceContext,
  start: ConsentStart,
): Promise<{ readonly consent: StoredConsent; readonly authorizeUrl: string }> {
  const { store, sealer, chance } = context;
  const secrets = {
    state: new Secret(newSecretText(chance)),
    verifier: new Secret(newSecretText(chance)),
    nonce: newSecretText(chance),
  };
  const id = newId<ConsentId>("cs", chance);
  const dataKey = sealer.newDataKey(id);
  const { connection, app } = start;
  const startedAtMs = context.time.wallMs();
  const consent: StoredConsent = {
    id,
    connection: connection.id,
    app: app.stored.id,
    linkHash: start.linkHash,
    linkEpoch: start.linkEpoch,
    pastedBy: start.pastedBy,
    startedFrom: start.from,
    purpose: connection.grant === null ? "first" : "again",
    stateHash: digest(secrets.state),
    // A run that is to be pasted is bound to a browser that nobody has.
    browserHash: browserHash(context, start.browser ?? new Secret(newSecretText(chance))),
    nonce: secrets.nonce,
    redirectUri: redirectUri(context.publicUrl, app.stored.id),
    dataKey,
    codeVerifier: sealer.seal(dataKey, verifierContext(id), secrets.verifier),
    startedAtMs,
    expiresAtMs: startedAtMs + context.limits.consentSessionLifeMs,
    progress: { kind: "started" },
  };
  const authorizeUrl = await authorizeAddress(app, { ...secrets, redirectUri: consent.redirectUri });
  const started = { event: "consent-started", by: start.pastedBy ?? "person", facts: originFacts(start.from) };
  await store.consents.create(consent, consentRecords(consent, startedAtMs, started));
  return { consent, authorizeUrl };
}

async function authorizeAddress(
  app: App,
  run: { readonly state: Secret; readonly verifier: Secret; readonly nonce: string; readonly redirectUri: string },
): Promise<string> {
  const url = new URL((await app.endpoints()).authorization);
  const { scopes } = app.stored;
  const parameters = {
    ...app.provider.authorizeParameters,
    response_type: "code",
    client_id: app.stored.clientId,
    redirect_uri: run.redirectUri,
    ...(scopes.length === 0 ? {} : { scope: scopes.join(app.provider.scopeSeparator) }),
    state: run.state.reveal(),
    code_challenge: codeChallenge(run.verifier),
    code_challenge_method: "S256",
    ...(scopes.includes("openid") ? { nonce: run.nonce } : {}),
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url.href;
}

/** How a browser's secret is kept, so that whoever reads the store cannot pass for the browser. */
export function browserHash(context: Pick<ServiceContext, "sealer">, browser: Secret): string {
  return context.sealer.authenticate("browser", browser.reveal());
}

/** The redirect URI of an app, one per app so that answers of two apps can never be mixed up (RFC 9700 §4.4). */
export function redirectUri(publicUrl: string, app: string): string {
  return `${publicUrl}/oauth/callback/${app}`;
}

export function verifierContext(id: ConsentId) {
  return { owner: id, chain: "", kind: "code-verifier", version: "" } as const;
}
