import { hash } from "node:crypto";
import { DEFAULT_LIMITS, EvergrantError, type OperatorId, Secret } from "@evergrant/core";
import { describe, expect, test } from "vitest";
import { codeOf } from "../testing/callers-world.ts";
import { KeeperWorld } from "../testing/keeper-world.ts";
import { anOperatorsWorld } from "../testing/operators-world.ts";
import { CreateDesk } from "./idempotent-creates.ts";

const JANE = "op_jane" as OperatorId;

function aDesk() {
  const world = anOperatorsWorld();
  let made = 0;
  const desk = (name: string) => new CreateDesk(world.nodeAt(name).context);
  const create = async () => {
    made += 1;
    return new Secret(`secret-${made}`);
  };
  const ask = async (
    more: { key?: string; request?: string; operator?: OperatorId; node?: string; connections?: string[] } = {},
    run: () => Promise<Secret> = create,
  ) => {
    const { key = "k", request = "asked", operator = JANE, node = "node-a", connections = [] } = more;
    const asked = { operator, key, request: new Secret(request), connections };
    const { answer, repeated } = await desk(node).once(asked, run);
    return [answer.reveal(), repeated];
  };
  return { world, ask, made: () => made };
}

describe("a create under a key", () => {
  test("is done once: again it gives its first answer, at every node, for a day and no longer", async () => {
    const { world, ask, made } = aDesk();
    expect(await ask()).toEqual(["secret-1", false]);
    expect(await ask({ node: "node-b" })).toEqual(["secret-1", true]);
    await world.time.advance(DEFAULT_LIMITS.idempotencyKeptMs);
    expect(await ask()).toEqual(["secret-1", true]);
    await world.time.advance(1);
    expect([await ask(), made()]).toEqual([["secret-2", false], 2]);
  });

  test("is another for another operator or key, and refused for another request", async () => {
    const { ask, made } = aDesk();
    await ask();
    expect(await codeOf(ask({ request: "something else" }))).toBe("idempotency_key_reused");
    expect(await ask({ operator: "op_joe" as OperatorId, request: "something else" })).toEqual(["secret-2", false]);
    expect(await ask({ key: "l" })).toEqual(["secret-3", false]);
    expect(made()).toBe(3);
  });

  test("is done once by many who ask at the same moment, at several nodes; the others are told to come again", async () => {
    const { ask, made } = aDesk();
    const codes = await Promise.all(Array.from({ length: 20 }, (_, n) => codeOf(ask({ node: `node-${n % 3}` }))));
    expect(made()).toBe(1);
    expect(codes.filter((code) => code === "admitted").length).toBeGreaterThanOrEqual(1);
    expect(new Set(codes)).toEqual(new Set(["admitted", "idempotency_key_busy"]));
    expect(await ask()).toEqual(["secret-1", true]);
  });

  test("that was refused made nothing, and may be asked for again", async () => {
    const { ask } = aDesk();
    expect(await codeOf(ask({}, () => Promise.reject(new EvergrantError("name_taken"))))).toBe("name_taken");
    expect(await ask()).toEqual(["secret-1", false]);
  });

  test("that broke off is never done a second time, since nobody knows how far it came", async () => {
    const { world, ask, made } = aDesk();
    const broke = () => Promise.reject(new EvergrantError("store_unavailable"));
    expect(await codeOf(ask({}, broke))).toBe("store_unavailable");
    expect(await codeOf(ask())).toBe("idempotency_key_busy");
    await world.time.advance(DEFAULT_LIMITS.idempotencyRunMs);
    expect(await codeOf(ask())).toBe("idempotency_outcome_unknown");
    expect(made()).toBe(0);
  });

  test("whose answer was erased with its connection tells so, and is not done a second time", async () => {
    const { world, ask, made } = aDesk();
    await ask({ connections: ["acme"] });
    await ask({ key: "l", connections: ["other"] });
    await world.store.idempotency.eraseAnswers(["acme"]);
    expect(await codeOf(ask({ connections: ["acme"] }))).toBe("idempotency_answer_erased");
    expect([await ask({ key: "l", connections: ["other"] }), made()]).toEqual([["secret-2", true], 2]);
  });

  test("gives its answer also where the answer cannot be kept", async () => {
    const { world, ask } = aDesk();
    const away = async () => {
      world.away.now = true;
      return new Secret("made");
    };
    expect(await ask({}, away)).toEqual(["made", false]);
    expect(world.failures).toEqual(["answer of a create"]);
    world.away.now = false;
    expect(await codeOf(ask())).toBe("idempotency_key_busy");
  });

  test("is kept sealed: neither its answer, nor what was asked for, nor the key can be read in the store", async () => {
    const { world, ask } = aDesk();
    await ask({ key: "canary-key", request: "canary-request" });
    const rows: unknown[] = [];
    const { idempotency } = world.store;
    const known = await idempotency.claim({ key: "none", requestMac: "", startedAtMs: 0, connections: [] });
    expect(known).toBe("claimed");
    rows.push(world.snapshot());
    expect(JSON.stringify(rows)).toContain("answer");
    expect(JSON.stringify(rows)).not.toMatch(/canary|secret-1/);
  });
});

test("an answer is not kept for longer than a day because nobody asks for another create", async () => {
  const world = await new KeeperWorld().connected();
  const [key, connections] = ["k", [] as string[]];
  await world.keeper.creates.once({ operator: JANE, key, request: new Secret("asked"), connections }, async () => {
    return new Secret("made");
  });
  const again = {
    key: hash("sha256", JSON.stringify([JANE, key]), "hex"),
    requestMac: "",
    startedAtMs: 0,
    connections,
  };
  expect(await world.memory.idempotency.claim(again)).not.toBe("claimed");
  await world.time.advance(DEFAULT_LIMITS.idempotencyKeptMs + 2 * DEFAULT_LIMITS.healthIntervalMs);
  expect(await world.memory.idempotency.claim(again)).toBe("claimed");
});
