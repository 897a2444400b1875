import type { AppId, CallerId, ConnectionId } from "@evergrant/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Sealed } from "../../ports/sealer.ts";
import * as arbitrary from "./arbitraries.ts";
import { APP, app, CALLER, CONNECTION, caller, connection, deployment, furnish, NOTHING, records } from "./samples.ts";
import type { StoreWorld } from "./store-world.ts";

/** Callers, apps and the deployment: what is looked up by name and rarely changes. */
export function describeDirectories(world: () => StoreWorld): void {
  describe("callers", () => describeCallers(world));
  describe("uses of credentials", () => describeUses(world));
  describe("used assertions", () => describeAssertions(world));
  describe("the epoch", () => describeEpoch(world));
  describe("apps", () => describeApps(world));
  describe("the deployment", () => describeDeployment(world));
}

function describeCallers(world: () => StoreWorld): void {
  test("a caller comes back as it went in, alone and in the list", async () => {
    const { store } = world();
    await fc.assert(
      fc.asyncProperty(arbitrary.storedCaller, async (stored) => {
        if ((await store.callers.find(stored.id)) !== undefined) return;
        if ((await store.callers.create(stored, NOTHING)) === "name-taken") return;
        expect(await store.callers.find(stored.id)).toEqual(stored);
        expect(await store.callers.list()).toContainEqual(stored);
      }),
      { numRuns: 60 },
    );
  });

  test("a name is given once", async () => {
    const { store } = world();
    const second = caller({ id: "cl_2" as CallerId });
    expect(await store.callers.create(caller(), NOTHING)).toBe("created");
    expect(await store.callers.create(second, records({ kind: "caller", id: "cl_2" }, "added"))).toBe("name-taken");
    expect(await store.callers.list()).toEqual([caller()]);
    expect(await store.audit.story({ kind: "caller", id: "cl_2" }, 10)).toEqual([]);
  });

  test("a change replaces name, secrets, permissions and disabling, one change after the other", async () => {
    const { store } = world();
    await store.callers.create(caller(), NOTHING);
    const changed = caller({
      name: "renamed",
      secrets: [],
      permissions: [
        { connection: "cn_9" as ConnectionId, right: "observe" },
        { connection: CONNECTION, right: "gateway", only: { tenants: ["t"], methods: null, paths: ["/a/**"] } },
        { connection: CONNECTION, right: "token" },
      ],
      disabledAtMs: 3,
    });
    expect(await store.callers.change(CALLER, () => ({ caller: changed, records: NOTHING }))).toBe(true);
    expect(await store.callers.find(CALLER)).toEqual(changed);
    await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        store.callers.change(CALLER, (current) => ({
          caller: {
            ...current,
            permissions: [...current.permissions, { connection: `cn_${n}` as ConnectionId, right: "token" }],
          },
          records: NOTHING,
        })),
      ),
    );
    expect((await store.callers.find(CALLER))?.permissions).toHaveLength(23);
  });

  test("a change of nobody, one decided against, and one to a taken name write nothing", async () => {
    const { store } = world();
    await store.callers.create(caller(), NOTHING);
    await store.callers.create(caller({ id: "cl_2" as CallerId, name: "second" }), NOTHING);
    const nobody = "cl_none" as CallerId;
    expect(await store.callers.change(nobody, (found) => ({ caller: found, records: NOTHING }))).toBe(false);
    expect(await store.callers.change(CALLER, () => null)).toBe(true);
    const taken = store.callers.change(CALLER, (found) => ({ caller: { ...found, name: "second" }, records: NOTHING }));
    await expect(taken).rejects.toMatchObject({ code: "name_taken" });
    expect(await store.callers.find(CALLER)).toEqual(caller());
    expect(await store.callers.find(nobody)).toBeUndefined();
  });
}

function describeUses(world: () => StoreWorld): void {
  test("when a credential was used last is kept, the latest of what several nodes say", async () => {
    const { store } = world();
    const use = (credential: string, atMs: number) => ({ caller: CALLER, credential, atMs });
    expect(await store.callers.uses()).toEqual([]);
    await store.callers.noteUses([]);
    await store.callers.noteUses([use("sc_1", 20), use("keys", 30)]);
    await store.callers.noteUses([use("sc_1", 10), use("keys", 31), use("workload", 5)]);
    await Promise.all([40, 60, 50].map((atMs) => store.callers.noteUses([use("keys", atMs), use("sc_1", atMs)])));
    const uses = await store.callers.uses();
    expect(uses.toSorted((a, b) => a.credential.localeCompare(b.credential))).toEqual([
      use("keys", 60),
      use("sc_1", 60),
      use("workload", 5),
    ]);
  });
}

function describeAssertions(world: () => StoreWorld): void {
  test("an assertion is taken once, whoever asks at the same time, until it is forgotten", async () => {
    const { store } = world();
    const asked = await Promise.all(Array.from({ length: 20 }, () => store.assertions.claim("digest-1", 1_000)));
    expect(asked.filter((answer) => answer === "claimed")).toHaveLength(1);
    expect(await store.assertions.claim("digest-2", 2_000)).toBe("claimed");
    await store.assertions.forget(1_000);
    expect(await store.assertions.claim("digest-1", 1_000)).toBe("taken");
    await store.assertions.forget(1_001);
    expect(await store.assertions.claim("digest-1", 3_000)).toBe("claimed");
    expect(await store.assertions.claim("digest-2", 2_000)).toBe("taken");
  });
}

function describeEpoch(world: () => StoreWorld): void {
  test("it grows with every change to callers, permissions, connections and client secrets, and with nothing else", async () => {
    const { store } = world();
    await furnish(store);
    let epoch = await store.callers.epoch();
    const grows = async (what: () => Promise<unknown>, by: 0 | 1) => {
      await what();
      const now = await store.callers.epoch();
      expect(now - epoch).toBe(by);
      epoch = now;
    };
    await grows(() => store.apps.replaceSecrets(APP, [], NOTHING), 1);
    await grows(() => store.apps.replaceSecrets("ap_none" as AppId, [], NOTHING), 0);
    await grows(() => store.apps.replaceScopes(APP, ["openid"], NOTHING), 1);
    await grows(() => store.apps.replaceScopes("ap_none" as AppId, [], NOTHING), 0);
    await grows(() => store.callers.create(caller(), NOTHING), 1);
    await grows(() => store.callers.create(caller(), NOTHING), 0);
    await grows(() => store.callers.change(CALLER, (found) => ({ caller: found, records: NOTHING })), 1);
    await grows(() => store.callers.change(CALLER, () => null), 0);
    await grows(() => store.callers.noteUses([{ caller: CALLER, credential: "keys", atMs: 1 }]), 0);
    await grows(() => store.assertions.claim("digest", 1), 0);
    const second = connection({ id: "cn_2" as ConnectionId, name: "second" });
    await grows(() => store.connections.create(second, NOTHING), 1);
    await grows(() => store.connections.create(second, NOTHING), 0);
    const disabled = { ...second, disabledAtMs: 1 };
    await grows(() => store.connections.change(second.id, () => ({ connection: disabled, records: NOTHING })), 1);
    const lookedAt = { ...disabled, healthCheckedAtMs: 2 };
    await grows(() => store.connections.change(second.id, () => ({ connection: lookedAt, records: NOTHING })), 0);
    expect(await store.connections.find(second.id)).toEqual(lookedAt);
    const tenant = { id: "t-1", name: "Acme", connectionId: "pc-1", consentEventId: null, updatedAtMs: null };
    const gone = { ...lookedAt, healthCheckedAtMs: 3, tenants: [{ ...tenant, status: "gone" as const, sinceMs: 3 }] };
    await grows(() => store.connections.change(second.id, () => ({ connection: gone, records: NOTHING })), 1);
    await grows(() => store.connections.remove(second.id, NOTHING), 1);
    await grows(() => store.connections.remove(second.id, NOTHING), 0);
    await grows(() => store.audit.write(records({ kind: "caller", id: CALLER }, "seen")), 0);
  });
}

function describeApps(world: () => StoreWorld): void {
  test("an app comes back as it went in, by id, by name and in the list", async () => {
    const { store } = world();
    await fc.assert(
      fc.asyncProperty(arbitrary.storedApp, async (stored) => {
        if ((await store.apps.find(stored.id)) !== undefined) return;
        if ((await store.apps.create(stored, NOTHING)) === "name-taken") return;
        expect(await store.apps.find(stored.id)).toEqual(stored);
        expect(await store.apps.findByName(stored.name)).toEqual(stored);
        expect(await store.apps.list()).toContainEqual(stored);
      }),
      { numRuns: 60 },
    );
  });

  test("a name is given once", async () => {
    const { store } = world();
    await store.apps.create(app(), NOTHING);
    const second = app({ id: "ap_2" as AppId });
    expect(await store.apps.create(second, records({ kind: "app", id: "ap_2" }, "added"))).toBe("name-taken");
    expect(await store.apps.list()).toEqual([app()]);
    expect(await store.apps.findByName("none")).toBeUndefined();
    expect(await store.audit.story({ kind: "app", id: "ap_2" }, 10)).toEqual([]);
  });

  test("its client secrets are replaced, and nothing else; an unknown app gets none", async () => {
    const { store } = world();
    await store.apps.create(app(), NOTHING);
    const secrets = [{ id: "sc_9", sealed: "sealed-new" as Sealed, addedAtMs: 9 }, ...app().clientSecrets];
    expect(await store.apps.replaceSecrets(APP, secrets, NOTHING)).toBe("done");
    expect(await store.apps.find(APP)).toEqual(app({ clientSecrets: secrets }));
    const told = records({ kind: "app", id: "ap_none" }, "secret-added");
    expect(await store.apps.replaceSecrets("ap_none" as AppId, secrets, told)).toBe("unknown");
    expect(await store.audit.story({ kind: "app", id: "ap_none" }, 10)).toEqual([]);
  });

  test("its scopes are replaced, and nothing else; an unknown app gets none", async () => {
    const { store } = world();
    await store.apps.create(app(), NOTHING);
    expect(await store.apps.replaceScopes(APP, ["openid", "books"], NOTHING)).toBe("done");
    expect(await store.apps.find(APP)).toEqual(app({ scopes: ["openid", "books"] }));
    const told = records({ kind: "app", id: "ap_none" }, "scopes-set");
    expect(await store.apps.replaceScopes("ap_none" as AppId, ["openid"], told)).toBe("unknown");
    expect(await store.audit.story({ kind: "app", id: "ap_none" }, 10)).toEqual([]);
  });

  test("what was seen of its provider's old access tokens is kept once, and raises the epoch then", async () => {
    const { store } = world();
    await store.apps.create(app(), NOTHING);
    const before = await store.callers.epoch();
    const told = records({ kind: "app", id: APP }, "seen");
    const answers = await Promise.all(
      (["dies", "survives", "dies"] as const).map((seen) => store.apps.learnOldAccessToken(APP, seen, told)),
    );
    expect(answers.toSorted()).toEqual(["done", "known", "known"]);
    const kept = (await store.apps.find(APP))?.oldAccessToken;
    expect(kept).toBe((["dies", "survives", "dies"] as const)[answers.indexOf("done")]);
    expect(await store.callers.epoch()).toBe(before + 1);
    expect(await store.audit.story({ kind: "app", id: APP }, 10)).toHaveLength(1);
    expect(await store.apps.learnOldAccessToken("ap_none" as AppId, "dies", told)).toBe("unknown");
  });
}

function describeDeployment(world: () => StoreWorld): void {
  test("an empty store has none; the first that is made stays, whoever comes later", async () => {
    const { store } = world();
    expect(await store.deployment.read()).toBeUndefined();
    const answers = await Promise.all(
      ["dp_1", "dp_2", "dp_3"].map((id) => store.deployment.create(deployment({ id, incarnation: 4 }))),
    );
    const made = await store.deployment.read();
    expect(made).toEqual(deployment({ id: made?.id ?? "", incarnation: 4 }));
    expect(answers).toEqual([made, made, made]);
  });
}
