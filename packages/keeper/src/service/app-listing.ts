import type { GrantId } from "@evergrant/core";
import type { StoredConnection } from "../ports/connection-store.ts";
import type { Tenant } from "../ports/provider-api.ts";

/** A whole app's list, sorted by the grants of its connections. */
export interface SortedList {
  /** What each grant reaches, as its own list would say. Null: an entry may or may not be this grant's, and only its own list tells. */
  readonly reached: ReadonlyMap<GrantId, readonly Tenant[] | null>;
  /** Entries that nothing ties to a grant: somebody connected them to the same app, perhaps a person whom we know. */
  readonly strangers: readonly Tenant[];
  /** Whether it names a connection that we know. An empty or foreign list proves nothing by what it leaves out. */
  readonly namesOurs: boolean;
}

/**
 * Says whose each entry is. The list names organisations of many people and no person, so an entry is a grant's only by the provider's
 * id of the connection, or by the consent it came from.
 */
export function sortOut(connections: readonly StoredConnection[], links: readonly Tenant[]): SortedList {
  const grants = new Map<GrantId, StoredConnection[]>();
  for (const connection of connections)
    if (connection.grant !== null && connection.tenants.length > 0)
      grants.set(connection.grant, [...(grants.get(connection.grant) ?? []), connection]);
  const byLink = ownersBy(grants, ({ connectionId }) => connectionId);
  const byConsent = ownersBy(grants, ({ consentEventId }) => consentEventId);
  const ownersOf = (link: Tenant): readonly GrantId[] => {
    const known = byLink.get(link.connectionId) ?? [];
    const consenting = link.consentEventId === null ? [] : (byConsent.get(link.consentEventId) ?? []);
    return known.length > 0 ? known : consenting.length === 1 ? consenting : [];
  };
  const owned = links.map((link) => ({ link, owners: ownersOf(link) }));
  const strangers = owned.filter(({ owners }) => owners.length === 0).map(({ link }) => link);
  const reached = new Map<GrantId, readonly Tenant[] | null>();
  for (const [grant, its] of grants) {
    const mine = owned.filter(({ owners }) => owners.includes(grant)).map(({ link }) => link);
    reached.set(grant, reachedBy(its, mine, strangers));
  }
  return { reached, strangers, namesOurs: links.some(({ connectionId }) => byLink.has(connectionId)) };
}

function reachedBy(
  connections: readonly StoredConnection[],
  mine: readonly Tenant[],
  strangers: readonly Tenant[],
): readonly Tenant[] | null {
  const isMine = ({ id }: { readonly id: string }) => mine.some((link) => link.id === id);
  const isStranger = ({ id }: { readonly id: string }) => strangers.some((link) => link.id === id);
  // The person may have disconnected it and connected it again by another consent: then it is named, as if by somebody else.
  if (connections.some(({ tenants }) => tenants.some((tenant) => !isMine(tenant) && isStranger(tenant)))) return null;
  const besides = new Set(connections.flatMap(({ alsoReached = [] }) => alsoReached.map(({ id }) => id)));
  return [...mine, ...strangers.filter((link) => besides.has(link.id) && !isMine(link))];
}

function ownersBy(
  grants: ReadonlyMap<GrantId, readonly StoredConnection[]>,
  key: (tenant: Tenant) => string | null,
): ReadonlyMap<string, readonly GrantId[]> {
  const owners = new Map<string, GrantId[]>();
  for (const [grant, connections] of grants)
    for (const name of new Set(connections.flatMap(({ tenants }) => tenants.map(key))))
      if (name !== null) owners.set(name, [...(owners.get(name) ?? []), grant]);
  return owners;
}
