import type { AppId, ConnectionId, GrantId } from "@evergrant/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { StoredConnection } from "../ports/connection-store.ts";
import type { Tenant } from "../ports/provider-api.ts";
import { sortOut } from "./app-listing.ts";
import { afterLook } from "./tenant-changes.ts";

/** A link between a person and an organisation, as the provider knows it. */
interface Link extends Tenant {
  readonly person: number;
  /** Made by one of our consents, so that a connection of ours was told of it. */
  readonly isOurs: boolean;
  /** What became of it since. */
  readonly fate: "stays" | "ends" | "is-made-anew-by-the-same-consent" | "is-made-anew-by-another";
}

const links = fc
  .uniqueArray(
    fc.record({
      person: fc.nat({ max: 2 }),
      organisation: fc.nat({ max: 3 }),
      isOurs: fc.boolean(),
      fate: fc.constantFrom("stays", "ends", "is-made-anew-by-the-same-consent", "is-made-anew-by-another"),
    }),
    { selector: ({ person, organisation }) => `${person} ${organisation}`, maxLength: 12 },
  )
  .map((drawn) =>
    drawn.map(({ person, organisation, isOurs, fate }, index): Link => {
      const names = { id: `t-${organisation}`, name: `Books ${organisation}`, connectionId: `c-${index}` };
      return { ...names, consentEventId: `ev-${index}`, updatedAtMs: null, person, isOurs, fate: fate as Link["fate"] };
    }),
  );

test("what the list of an app says of a grant is what the grant's own list says, wherever it says anything", () => {
  fc.assert(
    fc.property(links, (drawn) => {
      const connections = drawn.filter(({ isOurs }) => isOurs).map(connectionOf);
      const now = drawn.filter(({ fate }) => fate !== "ends").map(madeAnew);
      const { reached } = sortOut(connections, now.map(tenantOf));
      for (const connection of connections) {
        const listed = connection.grant === null ? null : reached.get(connection.grant);
        if (listed === null || listed === undefined) continue;
        const own = now.filter(({ person }) => connection.grant === `gr-${person}`).map(tenantOf);
        const ofGrant = connections.flatMap(({ grant, tenants }) =>
          grant === connection.grant ? tenants.map(({ id }) => id) : [],
        );
        const byApp = afterLook(connection, { listed, ofGrant, atMs: 1 }).connection;
        expect(byApp.tenants).toEqual(afterLook(connection, { listed: own, ofGrant, atMs: 1 }).connection.tenants);
      }
    }),
  );
});

test("it leaves open no more than what another consent may have made anew", () => {
  fc.assert(
    fc.property(links, (drawn) => {
      const connections = drawn.filter(({ isOurs }) => isOurs).map(connectionOf);
      const now = drawn.filter(({ fate }) => fate !== "ends").map(madeAnew);
      const { reached, strangers } = sortOut(connections, now.map(tenantOf));
      for (const [grant, listed] of reached) {
        const missing = drawn.filter(
          (link) =>
            link.isOurs &&
            grant === `gr-${link.person}` &&
            !now.some(
              ({ connectionId, consentEventId }) =>
                connectionId === link.connectionId || consentEventId === link.consentEventId,
            ),
        );
        expect(listed === null).toBe(missing.some(({ id }) => strangers.some((stranger) => stranger.id === id)));
      }
    }),
  );
});

test("two grants that know the same connection, as after a grant of another name for the same person, both have it", () => {
  const link: Link = { ...LINK, person: 1 };
  const twice = [connectionOf({ ...link, person: 1 }), connectionOf({ ...link, person: 2 })];
  const { reached, strangers } = sortOut(twice, [tenantOf(link)]);
  expect([...reached.values()]).toEqual([[tenantOf(link)], [tenantOf(link)]]);
  expect(strangers).toEqual([]);
});

test("only a connection that is known by the provider's own id shows that the list is the one we take it for", () => {
  const connections = [connectionOf(LINK)];
  expect(sortOut(connections, [tenantOf(LINK)]).namesOurs).toBe(true);
  expect(sortOut(connections, [{ ...tenantOf(LINK), connectionId: "c-else" }]).namesOurs).toBe(false);
  expect(sortOut(connections, []).namesOurs).toBe(false);
});

const LINK: Link = {
  ...{ id: "t-1", name: "Books", connectionId: "c-1", consentEventId: "ev-1", updatedAtMs: null },
  ...{ person: 1, isOurs: true, fate: "stays" },
};

function madeAnew(link: Link): Link {
  if (link.fate === "stays" || link.fate === "ends") return link;
  const connectionId = `${link.connectionId}-anew`;
  return link.fate === "is-made-anew-by-another"
    ? { ...link, connectionId, consentEventId: `${link.consentEventId}-anew` }
    : { ...link, connectionId };
}

function tenantOf({ id, name, connectionId, consentEventId, updatedAtMs }: Link): Tenant {
  return { id, name, connectionId, consentEventId, updatedAtMs };
}

function connectionOf(link: Link): StoredConnection {
  return {
    id: `cn-${link.connectionId}` as ConnectionId,
    name: link.connectionId,
    app: "ap-1" as AppId,
    grant: `gr-${link.person}` as GrantId,
    tenants: [{ ...tenantOf(link), status: "connected", sinceMs: 0 }],
    expectedTenant: null,
    consentEpoch: 0,
    disabledAtMs: null,
    createdAtMs: 0,
    healthCheckedAtMs: null,
  };
}
