import { chainOf, type News } from "@evergrant/core";
import type { StoredConnection } from "../ports/connection-store.ts";
import type { StoredGrant } from "../ports/grant-store.ts";
import type { OutboxNotice } from "../ports/notice-store.ts";
import type { App, AppDirectory } from "./app-directory.ts";
import { consentOfChain, isOfImport } from "./import-names.ts";
import type { ServiceContext } from "./service-context.ts";

/** What a notice is about, as it is now. */
export interface NoticePlace {
  readonly grant: StoredGrant | null;
  readonly app: App | null;
  readonly connections: readonly StoredConnection[];
  /** It is about a refresh token that an operator brought for the connection, which does not stand on it (yet). */
  readonly isOfImport?: boolean;
}

const NOWHERE: NoticePlace = { grant: null, app: null, connections: [] };

/** Finds grant, app and connections of a notice; what is gone meanwhile is left out. */
export async function placeOf(
  { store }: ServiceContext,
  apps: AppDirectory,
  { subject }: OutboxNotice,
): Promise<NoticePlace> {
  switch (subject.kind) {
    case "grant": {
      const grant = await store.grants.load(subject.id);
      if (grant === undefined) return NOWHERE;
      if (isOfImport(grant.id)) return await ofImport(store, apps, grant);
      return { grant, app: await known(apps, grant), connections: await store.connections.ofGrant(grant.id) };
    }
    case "connection":
      return await ofConnection(await store.connections.find(subject.id as StoredConnection["id"]), apps);
    case "consent": {
      const consent = await store.consents.find(subject.id as never);
      return consent === undefined
        ? NOWHERE
        : await ofConnection(await store.connections.find(consent.connection), apps);
    }
    case "app":
    case "caller":
    case "deployment":
    case "node":
    case "recipient":
    case "operator":
      return NOWHERE;
  }
}

/** The notice as core judges it. */
export function newsOf(notice: OutboxNotice, { app }: NoticePlace): News {
  const { notice: kind, subject, atMs, facts } = notice;
  return { kind, subject: subject.id, app: app?.stored.id ?? null, atMs, facts };
}

/**
 * Whether what a notice tells was over before anybody could be told: a lapse that the next refresh averted, a node that could
 * write again a moment later.
 */
export function isOvertaken(notice: OutboxNotice, place: NoticePlace, later: readonly OutboxNotice[]): boolean {
  if (place.isOfImport === true && isSaidOtherwise(notice, place)) return true;
  if (notice.notice === "lapse-coming") {
    // Refused meanwhile: the verdict, if it comes to that, is told instead.
    const chain = place.grant?.state.kind === "live" ? place.grant.state.chain : null;
    return chain?.id !== notice.facts["chain"] || chain?.warned !== notice.facts["level"];
  }
  const end = ENDS.get(notice.notice);
  return later.some(
    (other) => other.notice === end && other.subject.id === notice.subject.id && sameTenant(other, notice),
  );
}

const ENDS: ReadonlyMap<News["kind"], News["kind"]> = new Map([
  ["node-degraded", "node-recovered"],
  ["tenant-gone", "tenant-back"],
]);

const sameTenant = (a: OutboxNotice, b: OutboxNotice): boolean => a.facts["tenant"] === b.facts["tenant"];

// A connection that has a grant of its own works as before, whatever became of a token that was brought for it; and what the token
// lacks is told, with all else that is to be decided of it, when it is taken over.
function isSaidOtherwise({ notice }: OutboxNotice, { connections }: NoticePlace): boolean {
  if (notice === "scope-missing") return true;
  return (notice === "consent-needed" || notice === "lapse-coming") && !connections.some(({ grant }) => grant === null);
}

async function ofImport(store: ServiceContext["store"], apps: AppDirectory, grant: StoredGrant): Promise<NoticePlace> {
  const chain = chainOf(grant.state);
  const consent = chain === null ? undefined : await store.consents.find(consentOfChain(chain.id));
  const connection = consent === undefined ? undefined : await store.connections.find(consent.connection);
  const connections = connection === undefined ? [] : [connection];
  return { grant, app: await known(apps, grant), connections, isOfImport: true };
}

async function ofConnection(connection: StoredConnection | undefined, apps: AppDirectory): Promise<NoticePlace> {
  if (connection === undefined) return NOWHERE;
  return { grant: null, app: await known(apps, connection), connections: [connection] };
}

// An app may be of a provider that this version does not know: that keeps nobody from being told.
async function known(apps: AppDirectory, { app }: { readonly app: StoredConnection["app"] }): Promise<App | null> {
  return await apps.get(app).catch(() => null);
}
