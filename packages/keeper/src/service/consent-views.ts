import type { GrantId } from "@evergrant/core";
import type { ReceivedConsent, StoredConsent } from "../ports/consent-store.ts";
import type { AppDirectory } from "./app-directory.ts";
import type { ConsentResult, ConsentView, HeldConsent } from "./consenting.ts";
import { missingScopes } from "./scopes.ts";
import type { ServiceContext } from "./service-context.ts";

/** What became of a consent, for the person who gave it and for whoever decided. */
export async function resultOf(context: ServiceContext, consent: StoredConsent): Promise<ConsentResult> {
  const connection = await connectionName(context, consent);
  const { progress } = consent;
  switch (progress.kind) {
    case "started":
    case "claimed":
      return { kind: "pending", connection };
    case "declined":
    case "refused":
      return { kind: progress.kind, connection };
    case "failed":
      return { kind: "failed", connection, code: progress.code };
    case "held":
      return {
        kind: "held",
        connection,
        tenants: chosenNames(progress),
        subjectName: progress.subjectName,
        because: progress.because,
      };
    case "accepted":
      return {
        kind: "accepted",
        connection,
        tenants: chosenNames(progress),
        subjectName: progress.subjectName,
        sharedWith: await sharedWith(context, progress.grant, consent),
      };
  }
}

/** A consent that waits, with all that whoever decides has to know; none where it waits no more. */
export async function heldView(
  context: ServiceContext,
  apps: AppDirectory,
  consent: StoredConsent,
): Promise<readonly HeldConsent[]> {
  const { progress } = consent;
  if (progress.kind !== "held") return [];
  const app = await apps.get(consent.app);
  const version = await context.store.grants.token(progress.version);
  const { lapseAfterMs } = app.timing;
  return [
    {
      id: consent.id,
      connection: await connectionName(context, consent),
      purpose: consent.purpose,
      subject: progress.subject,
      subjectName: progress.subjectName,
      tenants: chosenNames(progress),
      reaches: progress.tenants.map(({ name }) => name),
      missingScopes: missingScopes(app, progress.scope),
      sharedWith: await sharedWith(context, progress.grant, consent),
      because: progress.because,
      atMs: progress.atMs,
      startedAtMs: consent.startedAtMs,
      from: consent.startedFrom,
      pastedBy: consent.pastedBy,
      lapsesAtMs: version === undefined || lapseAfterMs === null ? null : version.receivedAtMs + lapseAfterMs,
    },
  ];
}

/** One line of a connection's history of consents: who, when, from where, and what became of it. */
export function consentView(consent: StoredConsent): ConsentView {
  const { progress } = consent;
  const received = "subject" in progress ? progress : null;
  return {
    id: consent.id,
    purpose: consent.purpose,
    startedAtMs: consent.startedAtMs,
    from: consent.startedFrom,
    pastedBy: consent.pastedBy,
    outcome: progress.kind,
    atMs: progress.kind === "started" ? null : progress.atMs,
    subject: received?.subject ?? null,
    subjectName: received?.subjectName ?? null,
    tenants: received === null ? [] : chosenNames(received),
    scope: received?.scope ?? null,
    decidedBy: progress.kind === "accepted" || progress.kind === "refused" ? progress.by : null,
    because: progress.kind === "held" ? progress.because : [],
  };
}

async function connectionName(context: ServiceContext, consent: StoredConsent): Promise<string> {
  return (await context.store.connections.find(consent.connection))?.name ?? "";
}

async function sharedWith(context: ServiceContext, grant: GrantId, consent: StoredConsent): Promise<readonly string[]> {
  const sharing = await context.store.connections.ofGrant(grant);
  return sharing.filter((connection) => connection.id !== consent.connection).map((connection) => connection.name);
}

function chosenNames(received: ReceivedConsent): readonly string[] {
  return received.tenants.filter((tenant) => received.chosenTenants.includes(tenant.id)).map((tenant) => tenant.name);
}
