import { expect, test } from "vitest";
import { aConnection, fakeNode, OPERATOR_KEY } from "./testing/fake-node.ts";
import { run } from "./testing/recorded-world.ts";

test("a list is shown whole, however many pages it has", async () => {
  const all = Array.from({ length: 5 }, (_, n) => aConnection({ id: `cn_${n}`, name: `acme-${n}` }));
  await using node = await fakeNode(({ path }) => {
    const { searchParams } = new URL(path, "http://localhost");
    const start = Number(searchParams.get("cursor") ?? 0);
    const next = start + 2 < all.length ? String(start + 2) : null;
    return { status: 200, body: { connections: all.slice(start, start + 2), next } };
  });
  const ran = await run(["connections", "list", "--json", "--url", node.url], {
    env: { EVERGRANT_OPERATOR_KEY: OPERATOR_KEY },
  });
  expect(JSON.parse(ran.out)).toEqual({ connections: all });
  expect(node.heard.map(({ path }) => path)).toEqual([
    "/api/v1/connections",
    "/api/v1/connections?cursor=2",
    "/api/v1/connections?cursor=4",
  ]);
});
