import { describe, expect, test } from "vitest";
import { eventually } from "./kit/eventually.ts";
import { aWorld } from "./kit/world.ts";

const REFRESH = { endpoint: "token", grantType: "refresh_token", times: 50 } as const;

describe("I9 isolation of error classes: a fault at the provider's token endpoint never harms the grant", () => {
  test.each([
    [
      "429",
      { ...REFRESH, point: "before-commit", action: { kind: "status", status: 429, retryAfterSeconds: 30 } },
      /could not be reached/,
    ],
    [
      "an HTML 502",
      { ...REFRESH, point: "before-commit", action: { kind: "html", status: 502 } },
      /answer to a refresh was lost/,
    ],
    [
      "a stalled answer",
      { ...REFRESH, point: "before-commit", action: { kind: "stall", ms: 3_000 } },
      /answer to a refresh was lost/,
    ],
    [
      "a dropped connection",
      { ...REFRESH, point: "before-commit", action: { kind: "drop" } },
      /answer to a refresh was lost/,
    ],
  ] as const)("%s: the valid token is served meanwhile, and the story says why", async (_name, fault, sentence) => {
    await using world = await aWorld({ policy: "scaled" });
    await world.connected();
    const valid = await world.token();
    world.sandbox.control.placeFault(fault);
    await world.advance("45s");
    expect((await world.token()).access_token).toBe(valid.access_token);
    await inTrouble(world);
    expect(await world.status()).toMatchObject({ status: "connected" });
    expect((await world.story()).summary).toMatch(sentence);
    world.sandbox.control.clearFaults();
    await world.advance("40s");
    expect((await world.token()).access_token).not.toBe(valid.access_token);
    expect((await world.story()).summary).toBe("Connected and healthy.");
    expect(world.sandbox.control.verify().lostGrants).toEqual([]);
  });

  test("a wrong client secret is the app's trouble, and a right one mends it", async () => {
    await using world = await aWorld();
    await world.connected();
    const valid = await world.token();
    const [app] = world.sandbox.control.apps().filter(({ name }) => name === "Night job");
    const clientId = app?.clientId ?? "";
    const { clientSecret, id } = world.sandbox.control.addAppSecret(clientId);
    for (const secret of app !== undefined && "secrets" in app ? app.secrets : [])
      if (secret.id !== id) world.sandbox.control.removeAppSecret(clientId, secret.id);
    await world.advance("21m");
    expect((await world.token()).access_token).toBe(valid.access_token);
    await world.advance("10m");
    expect(await world.askToken()).toMatchObject({ status: 503, body: { code: "app_refused" } });
    expect(await world.status()).toMatchObject({ status: "connected" });
    expect((await world.story()).summary).toMatch(/refuses our app \(invalid_client\)/);
    await world.admin.post("/apps/xero-app/secrets", { clientSecret });
    await world.advance("6m");
    expect((await world.askToken()).status).toBe(200);
  });

  test("the provider is gone: valid tokens are served, then an honest 503, then it goes on", async () => {
    await using world = await aWorld({ policy: "scaled" });
    await world.connected();
    const valid = await world.token();
    world.sandbox.control.placeFault({ ...REFRESH, point: "before-commit", action: { kind: "drop" } });
    await world.advance("50s");
    expect((await world.token()).access_token).toBe(valid.access_token);
    await world.advance("11s");
    // Whoever asks while an attempt is on its way hears of that first.
    await eventually(async () => {
      const refused = await world.askToken();
      expect(refused).toMatchObject({
        status: 503,
        body: { error: "temporarily_unavailable", code: "provider_unreachable" },
      });
      expect(Number(refused.retryAfter)).toBeGreaterThan(0);
    });
    world.sandbox.control.clearFaults();
    await world.advance("10s");
    expect((await world.askToken()).status).toBe(200);
  });
});

async function inTrouble(world: Awaited<ReturnType<typeof aWorld>>): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    if ((await world.status()).trouble !== null) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("no trouble came");
}
