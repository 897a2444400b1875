import { DEFAULT_LIMITS, type OperatorId, Secret } from "@evergrant/core";
import { describe, expect, test } from "vitest";
import { codeOf } from "../testing/callers-world.ts";
import { anOperatorsWorld, FIRST_KEY } from "../testing/operators-world.ts";
import type { OperatorRequest, SignedInPerson } from "./operating.ts";

type World = ReturnType<typeof anOperatorsWorld>;

async function added(world: World, name: string, more: { expiresAtMs?: number } = {}): Promise<Secret> {
  const key = { expiresAtMs: more.expiresAtMs ?? null };
  const { operatorKey } = await world.operators.add({ name, role: "operator", key, identity: null, by: "operator" });
  if (operatorKey === null) throw new Error("a key was asked for");
  return operatorKey;
}

describe("the first admin", () => {
  test("comes in by the key of the first start, before anybody was added and after", async () => {
    const world = anOperatorsWorld();
    expect(await world.operators.byKey(FIRST_KEY)).toMatchObject({ name: "operator", role: "admin" });
    expect(await world.operators.byKey(new Secret("another"))).toBeNull();
    await world.time.advance(1);
    await added(world, "jane");
    expect(await world.operators.byKey(FIRST_KEY)).toMatchObject({ name: "operator", role: "admin" });
    expect((await world.operators.list()).map(({ name, role }) => [name, role])).toEqual([
      ["operator", "admin"],
      ["jane", "operator"],
    ]);
  });

  test("has its key replaced without a gap, and can be disabled once another can let people in", async () => {
    const world = anOperatorsWorld();
    const { operatorKey } = await world.operators.addKey("operator", { expiresAtMs: null, by: "operator" });
    for (const key of [FIRST_KEY, operatorKey]) expect(await world.operators.byKey(key)).not.toBeNull();
    await world.operators.removeKey("operator", "ok_first", "operator");
    expect(await world.operators.byKey(FIRST_KEY)).toBeNull();
    expect(await codeOf(world.operators.setDisabled("operator", true, "operator"))).toBe("operator_last_admin");
    await added(world, "jane");
    await world.operators.setRole("jane", "admin", "operator");
    await world.operators.setDisabled("operator", true, "jane");
    expect(await world.operators.byKey(operatorKey)).toBeNull();
  });
});

describe("the last admin", () => {
  test("stays one, enabled, with a key that does not expire, whatever is asked", async () => {
    const world = anOperatorsWorld();
    const { operators, time } = world;
    await added(world, "jane");
    const brief = () => operators.addKey("operator", { expiresAtMs: time.wallMs() + 1_000, by: "x" });
    await brief();
    for (const asked of [
      () => operators.setRole("operator", "operator", "x"),
      () => operators.setDisabled("operator", true, "x"),
      () => operators.removeKey("operator", "ok_first", "x"),
      brief,
    ])
      expect(await codeOf(asked())).toBe("operator_last_admin");
    expect(await operators.byKey(FIRST_KEY)).not.toBeNull();
  });

  test("is decided over all nodes: of two who disable each other at the same moment one stays", async () => {
    const world = anOperatorsWorld();
    const other = world.nodeAt("node-b").operators;
    await added(world, "jane");
    await world.operators.setRole("jane", "admin", "operator");
    const codes = await Promise.all([
      codeOf(world.operators.setDisabled("operator", true, "jane")),
      codeOf(other.setDisabled("jane", true, "operator")),
    ]);
    expect(codes.toSorted()).toEqual(["admitted", "operator_last_admin"]);
  });
});

describe("a key of an operator", () => {
  test("is one of two that are good at once, and ends when it expires, is taken away, or its operator is disabled", async () => {
    const world = anOperatorsWorld();
    const { operators, time } = world;
    const first = await added(world, "jane");
    const expiresAtMs = time.wallMs() + 60_000;
    const second = (await operators.addKey("jane", { expiresAtMs, by: "x" })).operatorKey;
    const third = (await operators.addKey("jane", { expiresAtMs: null, by: "x" })).operatorKey;
    const comeIn = async (keys: readonly Secret[]) =>
      (await Promise.all(keys.map((key) => operators.byKey(key)))).map((who) => who?.name ?? null);
    expect(await comeIn([first, second, third])).toEqual([null, "jane", "jane"]);
    await time.advance(60_000);
    expect(await comeIn([second, third])).toEqual([null, "jane"]);
    await operators.setDisabled("jane", true, "x");
    expect(await comeIn([third])).toEqual([null]);
    await operators.setDisabled("jane", false, "x");
    expect(await comeIn([third])).toEqual(["jane"]);
    const [key] = (await operators.list()).find(({ name }) => name === "jane")?.keys ?? [];
    await operators.removeKey("jane", key?.id ?? "", "x");
    expect(await comeIn([third])).toEqual([null]);
    expect(await codeOf(operators.removeKey("jane", "ok_none", "x"))).toBe("operator_key_unknown");
    expect(await codeOf(operators.addKey("jane", { expiresAtMs, by: "x" }))).toBe("input_invalid");
    expect(await codeOf(operators.addKey("nobody", { expiresAtMs: null, by: "x" }))).toBe("operator_unknown");
  });

  test("counts or ceases at every node at once, and shows when it was used last", async () => {
    const world = anOperatorsWorld();
    const other = world.nodeAt("node-b").operators;
    const key = await added(world, "jane");
    expect(await other.byKey(key)).toMatchObject({ name: "jane", role: "operator" });
    await world.operators.setRole("jane", "viewer", "operator");
    expect(await other.byKey(key)).toMatchObject({ role: "viewer" });
    const used = (await world.operators.list()).find(({ name }) => name === "jane")?.keys[0]?.lastUsedAtMs;
    expect(used).toBe(world.time.wallMs());
    await world.operators.setDisabled("jane", true, "operator");
    expect(await other.byKey(key)).toBeNull();
  });

  test("is kept as a hash, and stands in no record of the audit", async () => {
    const world = anOperatorsWorld();
    const key = await added(world, "jane");
    const kept = [await world.store.operators.list(), await world.store.audit.page(null, 100)];
    expect(JSON.stringify(kept)).not.toContain(key.reveal());
    expect(JSON.stringify(await world.operators.list())).not.toMatch(/[0-9a-f]{64}/);
  });

  test("opens also while the database is away, as what was known last, and is not believed where nothing was", async () => {
    const world = anOperatorsWorld();
    const key = await added(world, "jane");
    const fresh = world.nodeAt("node-b").operators;
    expect(await world.operators.byKey(key)).not.toBeNull();
    world.away.now = true;
    expect(await world.operators.byKey(key)).toMatchObject({ name: "jane" });
    expect(await codeOf(fresh.byKey(FIRST_KEY))).toBe("store_unavailable");
  });
});

describe("names", () => {
  test("are given once, not to what acts by itself, and never again", async () => {
    const world = anOperatorsWorld();
    await added(world, "jane");
    await world.operators.setDisabled("jane", true, "operator");
    for (const name of ["jane", "operator", "keeper", "rule", "person"])
      expect(await codeOf(added(world, name))).toBe("name_taken");
  });
});

describe("who signed in elsewhere", () => {
  const issuer = "https://idp.example";
  const person = { issuer, subject: "s-1", verifiedEmail: "jane@example.com" };

  test("is known by issuer and subject, or by an address that the issuer verified, character for character", async () => {
    const { operators } = anOperatorsWorld();
    const add = (name: string, identity: Parameters<typeof operators.setIdentity>[1]) =>
      operators.add({ name, role: "viewer", key: null, identity, by: "operator" });
    await add("jane", { kind: "subject", issuer, subject: "s-1" });
    await add("joe", { kind: "email", issuer, email: "joe@example.com" });
    const who = async (more: Partial<SignedInPerson>) =>
      (await operators.byIdentity({ ...person, ...more }))?.name ?? null;
    expect(await who({})).toBe("jane");
    expect(await who({ subject: "S-1" })).toBeNull();
    expect(await who({ issuer: `${issuer}/` })).toBeNull();
    expect(await who({ subject: "s-2", verifiedEmail: "joe@example.com" })).toBe("joe");
    expect(await who({ subject: "s-2", verifiedEmail: null })).toBeNull();
    expect(await who({ subject: "s-2", verifiedEmail: "Joe@example.com" })).toBeNull();
    await operators.setDisabled("jane", true, "operator");
    expect(await who({})).toBeNull();
    const taken = { kind: "email", issuer, email: "joe@example.com" } as const;
    expect(await codeOf(add("jim", taken))).toBe("operator_identity_taken");
    await operators.setIdentity("joe", taken, "operator");
    await operators.setIdentity("joe", null, "operator");
    expect(await who({ subject: "s-2", verifiedEmail: "joe@example.com" })).toBeNull();
  });

  test("is nobody where two are known by the same", async () => {
    const { operators, store } = anOperatorsWorld();
    for (const name of ["a", "b"])
      await store.operators.create(
        {
          ...{ id: `op_${name}` as OperatorId, name, role: "admin", keys: [], disabledAtMs: null, createdAtMs: 0 },
          identity: { kind: "subject", issuer, subject: "s-1" },
        },
        { audit: [], notices: [] },
      );
    expect(await operators.byIdentity(person)).toBeNull();
  });
});

describe("a session", () => {
  async function signedIn(world: World) {
    const key = await added(world, "jane");
    const jane = await world.operators.byKey(key);
    if (jane === null) throw new Error("jane has a key");
    return await world.sessions.begin(jane);
  }

  test("lasts at every node while its operator does something, and no longer than a working day", async () => {
    const world = anOperatorsWorld();
    const session = await signedIn(world);
    const other = world.nodeAt("node-b").sessions;
    const step = DEFAULT_LIMITS.operatorIdleMs * 0.9;
    let lastedMs = 0;
    while ((await other.find(session)) !== null) {
      await world.time.advance(step);
      lastedMs += step;
      expect(lastedMs).toBeLessThan(2 * DEFAULT_LIMITS.operatorSessionLifeMs);
    }
    expect(lastedMs).toBeGreaterThanOrEqual(DEFAULT_LIMITS.operatorSessionLifeMs);
    expect(lastedMs - step).toBeLessThan(DEFAULT_LIMITS.operatorSessionLifeMs);
  });

  test("ends when nothing is done for a while", async () => {
    const world = anOperatorsWorld();
    const session = await signedIn(world);
    await world.time.advance(DEFAULT_LIMITS.operatorIdleMs);
    expect(await world.sessions.find(session)).toBeNull();
    expect(await world.sessions.find(session)).toBeNull();
  });

  test("ends with the key that it was begun with, with its operator, and by hand; roles count at once", async () => {
    const world = anOperatorsWorld();
    const session = await signedIn(world);
    await world.operators.setRole("jane", "viewer", "operator");
    expect(await world.sessions.find(session)).toMatchObject({ name: "jane", role: "viewer" });
    await world.operators.setDisabled("jane", true, "operator");
    expect(await world.sessions.find(session)).toBeNull();
    await world.operators.setDisabled("jane", false, "operator");
    // It ended: enabling somebody again brings no old session back.
    expect(await world.sessions.find(session)).toBeNull();
    const { operatorKey } = await world.operators.addKey("jane", { expiresAtMs: null, by: "operator" });
    const jane = await world.operators.byKey(operatorKey);
    if (jane === null) throw new Error("jane has a key");
    const again = await world.sessions.begin(jane);
    await world.operators.removeKey("jane", jane.credential, "operator");
    expect(await world.sessions.find(again)).toBeNull();
    const byHand = await world.sessions.begin({ ...jane, credential: "identity" });
    expect(await world.sessions.find(byHand)).toBeNull();
  });

  test("is kept as a hash, and its beginning and end stand in the audit", async () => {
    const world = anOperatorsWorld();
    const session = await signedIn(world);
    await world.sessions.end(session);
    expect(await world.sessions.find(session)).toBeNull();
    await world.sessions.end(session);
    const records = await world.store.audit.page(null, 100);
    expect(records.map(({ event, by }) => [event, by]).toReversed()).toEqual([
      ["operator-added", "operator"],
      ["operator-signed-in", "jane"],
      ["operator-signed-out", "jane"],
    ]);
    expect(JSON.stringify(records)).not.toContain(session.reveal());
  });
});

describe("what operators ask for", () => {
  const look: OperatorRequest = {
    ...{ operation: "readConnection", target: "acme", kind: "look", status: 200, code: null },
  };
  const change: OperatorRequest = { ...look, operation: "disableConnection", kind: "change" };

  test("stands in the audit: changes and refusals each time, a look at one thing once in a while", async () => {
    const world = anOperatorsWorld();
    const jane = await world.operators.byKey(await added(world, "jane"));
    const first = await world.operators.byKey(FIRST_KEY);
    if (jane === null || first === null) throw new Error("both have keys");
    const note = (request: OperatorRequest, who = jane) => world.operators.noteRequest(who, request);
    for (const request of [look, look, { ...look, target: "other" }, change, change]) await note(request);
    for (const who of [first, first]) await note(look, who);
    for (let n = 0; n < 2; n += 1) await note({ ...look, status: 403, code: "operator_role_too_small" });
    await world.time.advance(DEFAULT_LIMITS.operatorLookMs);
    await note(look);
    const records = (await world.store.audit.page(null, 100)).toReversed().slice(1);
    const told = records.map(({ by, facts }) => `${by} ${facts["operation"]} ${facts["target"]} ${facts["status"]}`);
    expect(told).toEqual([
      "jane readConnection acme 200",
      "jane readConnection other 200",
      "jane disableConnection acme 200",
      "jane disableConnection acme 200",
      "operator readConnection acme 200",
      "jane readConnection acme 403",
      "jane readConnection acme 403",
      "jane readConnection acme 200",
    ]);
    expect(await world.store.audit.firstBroken(records[0]?.node)).toBeNull();
  });

  test("fails nothing where it cannot be written, and is reported", async () => {
    const world = anOperatorsWorld();
    const jane = await world.operators.byKey(await added(world, "jane"));
    if (jane === null) throw new Error("jane has a key");
    world.away.now = true;
    await world.operators.noteRequest(jane, change);
    expect(world.failures).toEqual(["audit of a request"]);
  });
});
