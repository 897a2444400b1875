import { describe, expect, test } from "vitest";
import {
  APP,
  app,
  CALLER,
  CONNECTION,
  CONSENT,
  caller,
  change,
  deployment,
  furnish,
  GRANT,
  grant,
  live,
  NOTHING,
  records,
  token,
  VERSION,
} from "./samples.ts";
import type { StoreWorld } from "./store-world.ts";

export function describeClosing(world: () => StoreWorld): void {
  describe("closing", () => {
    test("a closed store refuses everything as unavailable, and may be closed again", async () => {
      const { store } = world();
      await store.close();
      await store.close();
      const asked: readonly (() => Promise<unknown>)[] = [
        () => store.grants.load(GRANT),
        () => store.grants.create(grant(), NOTHING),
        () => store.grants.change(GRANT, () => ({ change: null, result: null })),
        () => store.grants.due(1, 1),
        () => store.grants.claimDue(1, 1, 2),
        () => store.apps.create(app(), NOTHING),
        () => store.connections.remove(CONNECTION, NOTHING),
        () => store.consents.change(CONSENT, () => null),
        () => store.callers.epoch(),
        () => store.operators.list(),
        () => store.sessions.remove("a"),
        () => store.idempotency.release("a"),
        () => store.audit.firstBroken(),
        () => store.deployment.read(),
        () => store.deployment.readWithNodes(),
      ];
      for (const ask of asked) await expect(ask()).rejects.toMatchObject({ code: "store_unavailable" });
    });

    test("what was asked for before the close is still answered", async () => {
      const { store } = world();
      await store.apps.create(app(), NOTHING);
      const asked = Promise.all([store.callers.create(caller(), NOTHING), store.apps.find(APP)]);
      await store.close();
      expect(await asked).toEqual(["created", app()]);
    });

    test("everything is there after a reopening, where anything outlives a close", async (context) => {
      const { store, reopen } = world();
      if (reopen === undefined) return context.skip("it lasts as long as its process");
      await furnish(store);
      await store.deployment.create(deployment());
      await store.callers.create(caller(), NOTHING);
      const subject = { kind: "grant", id: GRANT } as const;
      const told = records(subject, "renewed", { notice: true });
      const settle = change({ state: live(1), dueAtMs: 5, tokens: [token()], records: told });
      await store.grants.change(GRANT, () => ({ change: settle, result: null }));
      const epoch = await store.callers.epoch();
      const again = await reopen();
      expect(await again.deployment.read()).toEqual(deployment());
      expect(await again.grants.load(GRANT)).toEqual(grant({ state: live(1), dueAtMs: 5 }));
      expect(await again.grants.token(VERSION)).toEqual(token());
      expect(await again.callers.find(CALLER)).toEqual(caller());
      expect(await again.callers.epoch()).toBe(epoch);
      expect(await again.audit.outbox(10)).toHaveLength(1);
      await again.audit.write(told);
      expect((await again.audit.story(subject, 10)).map(({ sequence }) => sequence)).toEqual([2, 1]);
      expect(await again.audit.firstBroken()).toBeNull();
    });
  });
}
