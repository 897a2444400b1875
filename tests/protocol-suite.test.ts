import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ATTACK_CASES } from "./protocol/attack-cases.ts";
import { AUTHORIZE_CASES } from "./protocol/authorize-cases.ts";
import { type CallbackPlace, openCallbackPlace } from "./protocol/callback-place.ts";
import { Conversation } from "./protocol/conversation.ts";
import { DIFFERENCES } from "./protocol/differences.ts";
import { startOidcProvider } from "./protocol/oidc-provider-server.ts";
import { startSandboxServer } from "./protocol/sandbox-server.ts";
import type { ServerUnderTest } from "./protocol/server-under-test.ts";
import { TOKEN_CASES } from "./protocol/token-cases.ts";

// The same questions, from outside, to the sandbox under `strict` and to a certified server that others wrote.

const CASES = [...TOKEN_CASES, ...AUTHORIZE_CASES, ...ATTACK_CASES];

let callback: CallbackPlace;
let sandbox: ServerUnderTest;
let oidcProvider: ServerUnderTest;

beforeAll(async () => {
  callback = await openCallbackPlace();
  sandbox = await startSandboxServer(callback.redirectUri);
  oidcProvider = await startOidcProvider(callback.redirectUri);
});

afterAll(async () => {
  await Promise.all([sandbox?.close(), oidcProvider?.close(), callback?.close()]);
});

describe("the sandbox under strict, beside oidc-provider", () => {
  test.each(CASES)("$rule: $name", async ({ name, ask, allowed }) => {
    const seen = {
      sandbox: await ask(new Conversation(sandbox)),
      oidcProvider: await ask(new Conversation(oidcProvider)),
    };
    const known = DIFFERENCES.find((each) => each.name === name);
    const unkept = known?.unkeptBy ?? [];
    if (!unkept.includes("sandbox")) expect(allowed, "the sandbox keeps the rule").toContain(seen.sandbox);
    if (!unkept.includes("oidc-provider")) expect(allowed, "oidc-provider keeps the rule").toContain(seen.oidcProvider);
    const expected = known ?? { sandbox: seen.oidcProvider, oidcProvider: seen.sandbox };
    expect(seen).toEqual({ sandbox: expected.sandbox, oidcProvider: expected.oidcProvider });
  });

  test("every listed difference is one, is about a case of the suite, and says why", () => {
    const names = new Set(CASES.map(({ name }) => name));
    expect(names.size).toBe(CASES.length);
    for (const difference of DIFFERENCES) {
      expect(names, difference.name).toContain(difference.name);
      expect(difference.sandbox).not.toBe(difference.oidcProvider);
      expect(difference.why.length).toBeGreaterThan(40);
    }
  });
});
