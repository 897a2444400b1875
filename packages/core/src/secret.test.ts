import { inspect } from "node:util";
import { expect, test } from "vitest";
import { Secret } from "./secret.ts";

test("a secret shows itself to nobody who did not ask for it", () => {
  const secret = new Secret("canary-4711");
  const shown = [
    `${secret}`,
    String(secret),
    JSON.stringify({ secret }),
    inspect(secret, { showHidden: true, depth: 9 }),
  ];
  for (const text of [...shown, inspect({ nested: [secret] }, { depth: 9 })]) expect(text).not.toContain("4711");
  expect(secret.reveal()).toBe("canary-4711");
});
