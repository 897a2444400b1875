import { hasLastingAdmin, OPERATOR_ROLES, type OperatorId } from "@evergrant/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { OperatorIdentity, StoredOperator } from "../../ports/operator-store.ts";
import type { Sealed, WrappedKey } from "../../ports/sealer.ts";
import { NOTHING, operator, records } from "./samples.ts";
import type { StoreWorld } from "./store-world.ts";

/** Operators, who of them has signed in, and what they asked to be made. */
export function describeOperators(world: () => StoreWorld): void {
  describe("operators", () => describePeople(world));
  describe("sessions of operators", () => describeSessions(world));
  describe("creates that may be repeated", () => describeCreates(world));
}

const text = fc.string({ unit: "grapheme", maxLength: 12 });
const instant = fc.nat({ max: 8_640_000_000_000_000 });
const orNull = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null });
const identity: fc.Arbitrary<OperatorIdentity> = fc.oneof(
  fc.record({ kind: fc.constant("subject" as const), issuer: text, subject: text }),
  fc.record({ kind: fc.constant("email" as const), issuer: text, email: text }),
);
const storedOperator: fc.Arbitrary<StoredOperator> = fc.record({
  id: fc.stringMatching(/^[A-Za-z0-9_-]{1,12}$/).map((id) => id as OperatorId),
  name: text,
  role: fc.constantFrom(...OPERATOR_ROLES),
  keys: fc.array(fc.record({ id: text, sha256: text, createdAtMs: instant, expiresAtMs: orNull(instant) }), {
    maxLength: 2,
  }),
  identity: orNull(identity),
  disabledAtMs: orNull(instant),
  createdAtMs: instant,
});

function describePeople(world: () => StoreWorld): void {
  test("an operator comes back as they went in, and changes but for id and name", async () => {
    const { store } = world();
    const find = async (id: OperatorId) => (await store.operators.list()).find((each) => each.id === id);
    await fc.assert(
      fc.asyncProperty(storedOperator, storedOperator, async (stored, other) => {
        if ((await store.operators.create(stored, NOTHING)) === "taken") return;
        expect(await find(stored.id)).toEqual(stored);
        const changed = { ...other, id: stored.id, createdAtMs: stored.createdAtMs };
        expect(await store.operators.change(stored.id, () => ({ operator: changed, records: NOTHING }))).toBe(true);
        expect(await find(stored.id)).toEqual({ ...changed, name: stored.name });
      }),
      { numRuns: 40 },
    );
  });

  test("names and ids are given once, and whoever comes too late writes nothing", async () => {
    const { store } = world();
    expect(await store.operators.create(operator(), NOTHING)).toBe("created");
    const told = records({ kind: "operator", id: "op_2" }, "added");
    expect(await store.operators.create(operator({ id: "op_2" as OperatorId }), told)).toBe("taken");
    expect(await store.operators.create(operator({ name: "other" }), told)).toBe("taken");
    expect(await store.operators.list()).toEqual([operator()]);
    expect(await store.audit.story({ kind: "operator", id: "op_2" }, 10)).toEqual([]);
    const nobody = "op_none" as OperatorId;
    expect(await store.operators.change(nobody, (found) => ({ operator: found, records: told }))).toBe(false);
    expect(await store.operators.change(operator().id, () => null)).toBe(true);
    expect(await store.audit.story({ kind: "operator", id: "op_2" }, 10)).toEqual([]);
  });

  test("of two admins who disable each other at the same moment, one stays", async () => {
    const { store } = world();
    const ids = ["op_a", "op_b", "op_c", "op_d"].map((id) => id as OperatorId);
    for (const id of ids) await store.operators.create(operator({ id, name: id }), NOTHING);
    const disabled = await Promise.all(
      ids.map(async (id) => {
        let done = false;
        await store.operators.change(id, (found, others) => {
          done = hasLastingAdmin(others);
          return done ? { operator: { ...found, disabledAtMs: 1 }, records: NOTHING } : null;
        });
        return done;
      }),
    );
    expect(disabled.filter((done) => done)).toHaveLength(3);
    const left = (await store.operators.list()).filter(({ disabledAtMs }) => disabledAtMs === null);
    expect(left).toHaveLength(1);
  });

  test("when a key was used last is kept, the latest of what several nodes say", async () => {
    const { store } = world();
    const use = (credential: string, atMs: number) => ({ operator: operator().id, credential, atMs });
    expect(await store.operators.uses()).toEqual([]);
    for (const each of [use("k", 20), use("identity", 5), use("k", 10)]) await store.operators.noteUse(each);
    await Promise.all([40, 60, 50].map((atMs) => store.operators.noteUse(use("k", atMs))));
    const uses = (await store.operators.uses()).toSorted((a, b) => a.atMs - b.atMs);
    expect(uses).toEqual([use("identity", 5), use("k", 60)]);
  });
}

function describeSessions(world: () => StoreWorld): void {
  const began = (sha256: string, startedAtMs: number) => ({
    ...{ sha256, operator: operator().id, credential: "k", startedAtMs, seenAtMs: startedAtMs },
  });

  test("a session is found by its hash alone, seen later and never earlier, until it is removed", async () => {
    const { sessions } = world().store;
    await sessions.create(began("a", 10));
    await sessions.see("a", 30);
    await sessions.see("a", 20);
    await sessions.see("none", 20);
    expect(await sessions.find("a")).toEqual({ ...began("a", 10), seenAtMs: 30 });
    expect(await sessions.find("none")).toBeUndefined();
    await sessions.remove("a");
    expect(await sessions.find("a")).toBeUndefined();
  });

  test("those that began or were seen last too long ago are forgotten", async () => {
    const { sessions } = world().store;
    for (const [sha256, startedAtMs] of Object.entries({ old: 10, idle: 20, live: 20 }))
      await sessions.create(began(sha256, startedAtMs));
    await sessions.see("old", 100);
    await sessions.see("live", 90);
    await sessions.forget({ startedMs: 11, seenMs: 90 });
    const found = await Promise.all(["old", "idle", "live"].map((sha256) => sessions.find(sha256)));
    expect(found.map((session) => session?.sha256)).toEqual([undefined, undefined, "live"]);
  });
}

function describeCreates(world: () => StoreWorld): void {
  const create = (key: string, startedAtMs = 10, connections: readonly string[] = []) => ({
    ...{ key, requestMac: "asked", startedAtMs, connections },
  });
  const answer = { dataKey: "wrapped" as WrappedKey, sealed: "sealed" as Sealed };

  test("of those who ask under one key at the same moment one begins, and the others see that it runs", async () => {
    const { idempotency } = world().store;
    const asked = await Promise.all(Array.from({ length: 20 }, () => idempotency.claim(create("a"))));
    expect(asked.filter((each) => each === "claimed")).toHaveLength(1);
    expect(asked.filter((each) => each !== "claimed")).toEqual(Array(19).fill({ ...create("a"), answer: null }));
  });

  test("its answer stays, also when the key is given back too late, until it is forgotten", async () => {
    const { idempotency } = world().store;
    await idempotency.claim(create("a"));
    await idempotency.finish("a", answer);
    await idempotency.release("a");
    expect(await idempotency.claim({ ...create("a", 50), requestMac: "else" })).toEqual({ ...create("a"), answer });
    await idempotency.forget(10);
    expect(await idempotency.claim(create("a", 50))).toEqual({ ...create("a"), answer });
    await idempotency.forget(11);
    expect(await idempotency.claim(create("a", 50))).toBe("claimed");
  });

  test("answers about a connection are erased, also those to come, and their keys stay taken", async () => {
    const { idempotency } = world().store;
    const about = { kept: ["acme", "other"], running: ["acme"], like: ["acme-2"], else: ["other"], none: [] };
    for (const [key, connections] of Object.entries(about)) await idempotency.claim(create(key, 10, connections));
    for (const key of ["kept", "like", "else", "none"]) await idempotency.finish(key, answer);
    await idempotency.eraseAnswers(["acme", "gone"]);
    await idempotency.finish("running", answer);
    await idempotency.release("running");
    const found = async (key: keyof typeof about) => {
      const known = await idempotency.claim(create(key));
      return known === "claimed" ? known : known.answer;
    };
    expect([await found("kept"), await found("running")]).toEqual(["erased", "erased"]);
    for (const key of ["like", "else", "none"] as const) expect([key, await found(key)]).toEqual([key, answer]);
    expect(await idempotency.claim(create("kept"))).toEqual({ ...create("kept", 10, about.kept), answer: "erased" });
    expect(await world().store.wrappedKeys.countNotWrappedBy("none", "idempotent_create", 9)).toBe(3);
  });

  test("a key that is given back may be taken again", async () => {
    const { idempotency } = world().store;
    expect(await idempotency.claim(create("a"))).toBe("claimed");
    await idempotency.release("a");
    await idempotency.release("none");
    await idempotency.finish("none", answer);
    expect(await idempotency.claim(create("a", 20))).toBe("claimed");
    expect(await idempotency.claim(create("none", 20))).toBe("claimed");
  });
}
