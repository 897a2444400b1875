import fc from "fast-check";
import { expect, it } from "vitest";
import { failureFacts } from "./failure-facts.ts";

it("tells the class and the place of an error, and nothing of its words", () => {
  const facts = failureFacts(
    new TypeError("canary-1\n    at canary (canary.ts:1:1)", { cause: new Error("canary-2") }),
  );
  expect(facts.kind).toBe("TypeError");
  expect(facts.frames[0]).toMatch(/failure-facts\.test\.ts:\d+:\d+/);
  expect(JSON.stringify(facts)).not.toContain("canary");
});

it("keeps the words of anything that can be thrown", () => {
  const secret = fc.string({ minLength: 6, maxLength: 30 }).map((text) => `canary-${text}`);
  const thrown = secret.chain((text) =>
    fc.constantFrom<() => unknown>(
      () => text,
      () => new Error(text),
      () => new RangeError(`x\n${text}\n    at y (z.ts:1:2)`),
      () => Object.assign(new Error("a"), { message: text }),
      () => Object.assign(new Error(text), { message: "" }),
      () => Object.assign(new Error(text), { name: text, code: text }),
      () => Object.assign(new Error("b"), { stack: text }),
      () => ({ message: text }),
      () =>
        new Proxy(new Error(text), {
          get: () => {
            throw new Error(text);
          },
        }),
    ),
  );
  fc.assert(
    fc.property(thrown, (make) => {
      expect(JSON.stringify(failureFacts(make()))).not.toContain("canary-");
    }),
  );
});
