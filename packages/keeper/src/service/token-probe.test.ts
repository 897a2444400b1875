import { DEFAULT_LIMITS, Secret } from "@evergrant/core";
import { describe, expect, test } from "vitest";
import { KeeperWorld, refusal } from "../testing/keeper-world.ts";
import { apiAnswer, json } from "../testing/scripted-provider.ts";
import { digest } from "./digest.ts";

const MINUTE_MS = 60_000;

describe("an access token that the provider's API calls expired", () => {
  test("is replaced by one refresh for all who come with it, once a minute, and not by another's word", async () => {
    const world = await new KeeperWorld().connected();
    const first = await world.token();
    const before = world.refreshes().length;
    const replace = (refused: Secret) => world.keeper.tokens.replacement(world.connection, refused);
    // A token that is not the present one says nothing about it: the present one is the replacement.
    expect((await replace(new Secret("older")))?.accessToken.reveal()).toBe(first.accessToken.reveal());
    expect(world.refreshes()).toHaveLength(before);

    const replaced = await Promise.all([replace(first.accessToken), replace(first.accessToken)]);
    const [second, same] = replaced.map((token) => token?.accessToken.reveal());
    expect([second === same, second === first.accessToken.reveal()]).toEqual([true, false]);
    expect(world.refreshes()).toHaveLength(before + 1);

    const present = await world.token();
    expect(await replace(present.accessToken)).toBeNull();
    await world.time.advance(MINUTE_MS + 1);
    expect(await replace(present.accessToken)).not.toBeNull();
    expect(world.refreshes()).toHaveLength(before + 2);
  });

  test("is served on where no other can be had", async () => {
    const world = await new KeeperWorld().connected();
    const first = await world.token();
    world.provider.script = Array.from({ length: 9 }, () => ({ kind: "instead" as const, ending: json(503, {}) }));
    const replaced = world.keeper.tokens.replacement(world.connection, first.accessToken);
    await world.time.advance(DEFAULT_LIMITS.callerWaitMs + 1);
    expect(await replaced).toBeNull();
    expect((await world.token()).accessToken.reveal()).toBe(first.accessToken.reveal());
  });
});

describe("a caller's word that the API refused its token", () => {
  const askAgain = (world: KeeperWorld, refused: Secret) =>
    world.keeper.tokens.accessToken(world.connection, { refusedSha256: digest(refused) });

  test("brings another one only if the API says so itself, by one refresh for all who come with it", async () => {
    const world = await new KeeperWorld().connected();
    const first = (await world.token()).accessToken;
    expect((await askAgain(world, first)).accessToken.reveal()).toBe(first.reveal());
    expect([world.provider.probes, world.refreshes().length]).toEqual([1, 0]);

    await world.time.advance(MINUTE_MS + 1);
    world.provider.probeAnswer = (token) => apiAnswer(token === first.reveal() ? 401 : 200);
    const answers = await Promise.all([askAgain(world, first), askAgain(world, first), askAgain(world, first)]);
    const [second, ...same] = answers.map(({ accessToken }) => accessToken.reveal());
    expect(second).not.toBe(first.reveal());
    expect(new Set(same)).toEqual(new Set([second]));
    expect([world.provider.probes, world.refreshes().length]).toEqual([2, 1]);
    expect((await world.token()).accessToken.reveal()).toBe(second);
    const { events } = await world.keeper.connections.story("acme", 9);
    expect(events.map(({ event }) => event)).toContain("access-token-refused");
  });

  test("cannot make the keeper ask the provider more than once a minute, whatever it claims", async () => {
    const world = await new KeeperWorld().connected();
    world.provider.probeAnswer = () => apiAnswer(401);
    for (let claim = 0; claim < 50; claim += 1) await askAgain(world, (await world.token()).accessToken);
    for (let claim = 0; claim < 50; claim += 1) await askAgain(world, new Secret(`older-${claim}`));
    expect([world.provider.probes, world.refreshes().length]).toEqual([1, 1]);
  });

  test.each([
    ["a missing scope", apiAnswer(401, { challenge: "insufficent_scope" })],
    ["an organisation that is gone", apiAnswer(403, { said: "AuthenticationUnsuccessful" })],
    ["a limit", apiAnswer(429)],
    ["an API that is down", apiAnswer(503)],
    ["no answer", { kind: "unreachable", reason: "ECONNREFUSED" } as const],
  ])("is not borne out by %s", async (_what, answer) => {
    const world = await new KeeperWorld().connected();
    world.provider.probeAnswer = () => answer;
    const first = (await world.token()).accessToken;
    expect((await askAgain(world, first)).accessToken.reveal()).toBe(first.reveal());
    expect(world.refreshes()).toEqual([]);
  });

  test("spends no suspect head before its confirm window: whoever waits is told to come again", async () => {
    const world = await new KeeperWorld().connected();
    await world.time.advance(31 * MINUTE_MS);
    world.provider.script = [{ kind: "lose" }];
    const suspect = (await world.token()).accessToken;
    const before = world.refreshes().length;
    world.provider.probeAnswer = (token) => apiAnswer(token === suspect.reveal() ? 401 : 200);
    const refused = refusal(askAgain(world, suspect));
    await world.time.advance(DEFAULT_LIMITS.callerWaitMs + 1);
    expect(await refused).toBe("token_not_ready");
    expect(world.refreshes()).toHaveLength(before);
    await world.time.advance(15 * MINUTE_MS);
    expect(world.refreshes()).toHaveLength(before + 1);
    expect((await world.token()).accessToken.reveal()).not.toBe(suspect.reveal());
  });

  test("is looked into after a start as well, when the token lies in the store alone", async () => {
    const world = await new KeeperWorld().connected();
    const first = (await world.token()).accessToken;
    await world.start();
    world.provider.probeAnswer = (token) => apiAnswer(token === first.reveal() ? 401 : 200);
    expect((await askAgain(world, first)).accessToken.reveal()).not.toBe(first.reveal());
  });
});
