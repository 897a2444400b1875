import { describe, expect, test } from "vitest";
import { aWorld, DEMO_COMPANY } from "./kit/world.ts";

describe("a connection lives through moved time", () => {
  test("29 minutes later the same token, 31 minutes later another one", async () => {
    await using world = await aWorld();
    await world.connected();
    const first = await world.token();
    await world.advance("29m");
    expect((await world.token()).expires_in).toBeGreaterThan(0);
    await world.advance("2m");
    const second = await world.token();
    expect(second.access_token).not.toBe(first.access_token);
    expect(await world.organisation(second)).toEqual({ status: 200, name: DEMO_COMPANY });
  });

  test("asleep for 59 days, it wakes and goes on", async () => {
    await using world = await aWorld();
    await world.connected();
    await world.stop();
    await world.advance("59d");
    await world.start();
    expect(await world.organisation(await world.token())).toEqual({ status: 200, name: DEMO_COMPANY });
    expect((await world.story()).events.map(({ event }) => event)).toContain("lapse-warned");
  });

  test("running for 61 days without a caller, it is alive", async () => {
    await using world = await aWorld();
    await world.connected();
    await world.advance("61d");
    expect(world.refreshes().length).toBeGreaterThanOrEqual(8);
    expect(await world.organisation(await world.token())).toEqual({ status: 200, name: DEMO_COMPANY });
  });

  test("switched off for 61 days: the court sits its full time, then the re-consent link heals the same connection", async () => {
    await using world = await aWorld();
    await world.connected();
    const before = await world.status();
    await world.stop();
    await world.advance("61d");
    await world.start();

    expect(await world.askToken()).toMatchObject({
      status: 503,
      body: { error: "temporarily_unavailable", code: "token_not_ready" },
    });
    await world.advance("4m");
    expect((await world.status()).status).toBe("suspected");
    await world.advance("7m");
    const refused = await world.askToken();
    expect(refused).toMatchObject({ status: 400, body: { error: "consent_required" } });
    expect(world.refreshes().filter(({ outcome }) => outcome === "expired")).toHaveLength(3);
    const verdict = (await world.story()).events.find(({ event }) => event === "declared-lost");
    expect(verdict?.facts).toMatchObject({
      reason: "lapsed",
      satForMs: expect.toSatisfy((ms: number) => ms >= 600_000),
    });

    const page = await world.consents(refused.body.consent_url ?? "", "jane@demo.example", DEMO_COMPANY);
    expect(page.text()).toContain(DEMO_COMPANY);
    expect(await world.status()).toMatchObject({ id: before.id, status: "connected", subject: before.subject });
    expect(await world.organisation(await world.token())).toEqual({ status: 200, name: DEMO_COMPANY });
  });
});
