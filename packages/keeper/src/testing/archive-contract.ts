import type { ConnectionId, GrantId } from "@evergrant/core";
import { describe, expect, test } from "vitest";
import type { Archive, ArchivedRows } from "../ports/archive.ts";
import type { Store } from "../ports/store.ts";
import {
  change,
  connection,
  consent,
  deployment,
  furnish,
  GRANT,
  grant,
  NOTHING,
  operator,
  records,
  token,
} from "./contract/samples.ts";

/** A migrated store that holds nothing, with its archive; `dispose` takes it away. */
export interface ArchiveWorld {
  readonly store: Store & { readonly archive: Archive };
  dispose(): Promise<void>;
}

/** What every archive promises, proven of one. */
export function describeArchive(name: string, open: () => Promise<ArchiveWorld>): void {
  const inWorlds = async (work: (from: ArchiveWorld["store"], to: ArchiveWorld["store"]) => Promise<void>) => {
    const worlds = [await open(), await open()] as const;
    try {
      await work(worlds[0].store, worlds[1].store);
    } finally {
      for (const world of worlds) await world.dispose();
    }
  };

  describe(`the archive of ${name}`, () => {
    test("holds everything, puts it into an empty store, and holds that one in quarantine", () =>
      inWorlds(async (from, to) => {
        await fillSome(from);
        await to.archive.fill(from.archive.rows(), 99);
        expect(await to.grants.load(GRANT)).toEqual(await from.grants.load(GRANT));
        expect(await to.grants.tokensOfChain(GRANT, token().chain)).toEqual([token()]);
        expect(await to.connections.list()).toEqual(await from.connections.list());
        expect(await to.consents.find(consent().id)).toEqual(consent());
        expect(await to.grants.page(null, 2_000)).toEqual(await from.grants.page(null, 2_000));
        expect(await to.deployment.read()).toEqual({
          ...deployment(),
          quarantine: { because: ["store-behind"], node: "restore", sinceMs: 99 },
        });
        expect(await to.audit.chains()).toEqual(await from.audit.chains());
        expect(await to.audit.firstBroken()).toBeNull();
        expect(await to.operators.list()).toEqual([operator()]);
      }));

    test("leaves behind who was signed in, and answers that could be asked for again", () =>
      inWorlds(async (from, to) => {
        await fillSome(from);
        await to.archive.fill(from.archive.rows(), 99);
        expect(await from.sessions.find("s")).toBeDefined();
        expect(await to.sessions.find("s")).toBeUndefined();
        expect(await from.idempotency.claim(CREATE)).toEqual({ ...CREATE, answer: null });
        expect(await to.idempotency.claim(CREATE)).toBe("claimed");
      }));

    test("is of one moment, and keeps no writer waiting meanwhile", () =>
      inWorlds(async (from) => {
        await fillSome(from);
        const seen: ArchivedRows[] = [];
        for await (const batch of from.archive.rows()) {
          if (seen.length === 0) {
            const late = connection({ id: "cn_late" as ConnectionId, name: "late" });
            await from.connections.create(late, NOTHING);
            await from.grants.change(GRANT, () => ({ change: change({ dueAtMs: 77 }), result: null }));
          }
          seen.push(batch);
        }
        const rowsOf = (table: string) => seen.filter((batch) => batch.table === table).flatMap(({ rows }) => rows);
        expect(rowsOf("connection").map(({ id }) => id)).toEqual([connection().id]);
        expect(rowsOf("grant").find(({ id }) => id === GRANT)).toMatchObject({ due_at_ms: null });
        expect(rowsOf("grant")).toHaveLength(1_201);
        expect(await from.connections.list()).toHaveLength(2);
      }));

    test("goes into no store that holds something, and leaves one that it cannot fill as empty as it was", () =>
      inWorlds(async (from, to) => {
        await fillSome(from);
        await expect(from.archive.fill(from.archive.rows(), 1)).rejects.toMatchObject({ code: "store_not_empty" });
        const cutOff = async function* () {
          for await (const batch of from.archive.rows()) {
            if (batch.table === "connection") throw new Error("cut off");
            yield batch;
          }
        };
        await expect(to.archive.fill(cutOff(), 1)).rejects.toThrow("cut off");
        expect(await to.deployment.read()).toBeUndefined();
        await to.archive.fill(from.archive.rows(), 1);
        expect(await to.connections.list()).toHaveLength(1);
      }));
  });
}

const CREATE = { key: "k", requestMac: "asked", startedAtMs: 10, connections: [] };

async function fillSome(store: Store): Promise<void> {
  await store.deployment.create(deployment());
  await store.operators.create(operator(), NOTHING);
  const session = { sha256: "s", operator: operator().id, credential: "k", startedAtMs: 10, seenAtMs: 10 };
  await store.sessions.create(session);
  await store.idempotency.claim(CREATE);
  await furnish(store);
  await store.grants.change(GRANT, () => ({
    change: change({ tokens: [token()], records: records({ kind: "grant", id: GRANT }, "renewed") }),
    result: null,
  }));
  await store.connections.create(connection(), NOTHING);
  await store.consents.create(consent(), NOTHING);
  // More than one page of them.
  for (let n = 0; n < 1_200; n += 1) {
    const id = `gr_${String(n).padStart(5, "0")}` as GrantId;
    await store.grants.create(grant({ id, subject: id }), NOTHING);
  }
}
