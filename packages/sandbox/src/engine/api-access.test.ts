import { expect, test } from "vitest";
import { anEngine, type EngineWorld } from "../testing/engine-world.ts";
import { apiAccess } from "./api-access.ts";

const lastDayMs = Date.UTC(2027, 7, 31, 23, 59);
const firstDayMs = Date.UTC(2027, 8, 1);

const asks = (world: EngineWorld, atMs: number, accessTokenId: string, scopes: readonly string[]) =>
  world.engine.run(atMs, (turn) => apiAccess(turn, { accessTokenId, tenantId: "organisation", scopes })).kind;

test("a broad scope inside a token opens the API until September 2027, and after it only if the switch keeps it", () => {
  for (const [patch, after] of [
    [{}, "scope-missing"],
    [{ "scopes.broad_after_end": "kept" }, "ok"],
    [{ "scopes.by_date": false }, "ok"],
  ] as const) {
    const world = anEngine({ ...patch, "access_token.ttl_seconds": 86_400 });
    const { accessTokenId } = world.consents(lastDayMs, ["accounting.transactions", "accounting.settings"]);
    expect(asks(world, lastDayMs + 1, accessTokenId, ["accounting.transactions"])).toBe("ok");
    expect(asks(world, firstDayMs, accessTokenId, ["accounting.transactions"])).toBe(after);
    expect(asks(world, firstDayMs, accessTokenId, ["accounting.settings"])).toBe("ok");
  }
});
