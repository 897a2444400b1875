import { GRACE_CLOSINGS, GRACE_RETRIES, ROTATION_KINDS, type Rotation, type TokenPolicy } from "@evergrant/core";
import { PROVIDERS, type Provider } from "@evergrant/keeper";
import { PRESETS, type Switches } from "@evergrant/sandbox/engine";
import { describe, expect, test } from "vitest";
import { aWorld, DEMO_COMPANY, type World } from "./kit/world.ts";

/** A way with refresh tokens, as a provider's data tell it to the keeper and as the sandbox then behaves. */
interface Mode {
  readonly policy: Partial<TokenPolicy> & { readonly rotation: Rotation };
  readonly switches: Partial<Switches>;
  /** What the data promise: whether a lost answer, or a repeat that races, costs the grant. */
  readonly costs: "nothing" | "the grant";
}

const grace = (seconds: number, facts: Partial<Extract<Rotation, { kind: "grace" }>> = {}): Rotation => ({
  ...{ kind: "grace", seconds, anchor: "first-use", depth: "any", retry: "sibling", closesWhen: "never" },
  ...facts,
});

const graceModes = Object.fromEntries(
  GRACE_RETRIES.flatMap((retry) =>
    GRACE_CLOSINGS.map((closesWhen): [string, Mode] => [
      `grace, ${retry}, ${closesWhen}`,
      {
        policy: { rotation: grace(1800, { retry, closesWhen }), repeatsDocumented: true },
        switches: { "grace.retry": retry, "grace.closes_when": closesWhen },
        costs: "nothing",
      },
    ]),
  ),
);

const MODES: Readonly<Record<string, Mode>> = {
  none: { policy: { rotation: { kind: "none" } }, switches: PRESETS.none.switches, costs: "nothing" },
  ...graceModes,
  "grace, counted from the last use": {
    policy: { rotation: grace(1800, { anchor: "last-use" }) },
    switches: { "grace.anchor": "last-use" },
    costs: "nothing",
  },
  "grace, for the parent alone": {
    policy: { rotation: grace(1800, { depth: "parent-only" }) },
    switches: { "grace.depth": "parent-only", after_grace: "revoke-family" },
    costs: "nothing",
  },
  "grace, of which nothing but the time is known": {
    policy: {
      rotation: grace(1800, { anchor: "unknown", depth: "unknown", retry: "unknown", closesWhen: "unknown" }),
      oldAccessToken: "unknown",
    },
    switches: PRESETS["closing-grace"].switches,
    costs: "nothing",
  },
  "grace, after which a repeat ends the family": {
    policy: { rotation: grace(1800, { retry: "supersede", closesWhen: "successor-used" }) },
    switches: PRESETS["closing-grace"].switches,
    costs: "nothing",
  },
  "grace of ten minutes, and the old access token dies": {
    policy: { rotation: grace(600), oldAccessToken: "dies" },
    switches: { "grace.seconds": 600, access_token_on_rotate: "revoke" },
    costs: "nothing",
  },
  "confirm-on-use": {
    policy: { rotation: { kind: "confirm-on-use" } },
    switches: { rotation: "confirm-on-use" },
    costs: "nothing",
  },
  unrevoked: { policy: { rotation: { kind: "unrevoked" } }, switches: { rotation: "unrevoked" }, costs: "nothing" },
  strict: { policy: { rotation: { kind: "strict" } }, switches: PRESETS.strict.switches, costs: "the grant" },
};

const HARMS = {
  "a lost answer": { point: "after-commit-before-headers", action: { kind: "drop" } },
  "a repeat that races": { point: "before-commit", action: { kind: "duplicate" } },
} as const;

test("every rotation mode of the vocabulary is lived through here", () => {
  const kinds = Object.values(MODES).map(({ policy }) => policy.rotation.kind);
  expect([...new Set(kinds)].sort()).toEqual([...ROTATION_KINDS].sort());
});

describe.each(Object.entries(MODES))("a provider whose rotation is %s", (_name, mode) => {
  test("is kept through consent, rotations, a lost answer and a repeat that races, as far as its data promise", async () => {
    await using world = await aWorld({ switches: mode.switches, ownProvider: providerOf(mode) });
    await world.connected();
    await livesThrough(world, 3);
    expect(world.refreshes().filter(({ committed }) => committed).length).toBeGreaterThanOrEqual(3);
    expect(world.sandbox.control.verify()).toMatchObject({ ok: true, liveGrants: 1, lostGrants: [] });
    for (const harm of Object.values(HARMS)) await (mode.costs === "nothing" ? survives : loses)(world, harm);
    // Longer than any grace: what goes on then stands on its own feet.
    await world.advance("9d");
    await livesThrough(world, 1);
    expect(world.sandbox.control.verify()).toMatchObject({ liveGrants: 1, usedAfterRevoke: [], usedAfterExpiry: [] });
  });
});

type Harm = (typeof HARMS)[keyof typeof HARMS];

async function survives(world: World, harm: Harm): Promise<void> {
  await strike(world, harm);
  expect(await world.organisation(await world.token())).toEqual({ status: 200, name: DEMO_COMPANY });
  await livesThrough(world, 2);
  const { liveGrants, lostGrants, usedAfterRevoke, usedAfterExpiry } = world.sandbox.control.verify();
  expect({ liveGrants, lostGrants, usedAfterRevoke, usedAfterExpiry }).toEqual({
    ...{ liveGrants: 1, lostGrants: [], usedAfterRevoke: [], usedAfterExpiry: [] },
  });
  expect((await world.status()).status).toBe("connected");
}

// What cannot be kept is told as what it is, and one consent mends it.
async function loses(world: World, harm: Harm): Promise<void> {
  await strike(world, harm);
  await world.advance("1h");
  expect(await world.askToken()).toMatchObject({ status: 400, body: { code: "consent_required" } });
  expect(world.sandbox.control.verify()).toMatchObject({ liveGrants: 0, lostGrants: [{}] });
  expect((await world.status()).status).toBe("consent-needed");
  const { url } = await world.admin.get<{ url: string }>("/connections/acme/reconsent-link");
  await world.consents(url, "jane@demo.example", DEMO_COMPANY);
  await livesThrough(world, 2);
  expect(world.sandbox.control.verify()).toMatchObject({ liveGrants: 1 });
}

// A connection that callers want is renewed ahead of its time: the harm meets that renewal, and nobody waits for it.
async function strike(world: World, harm: Harm): Promise<void> {
  await world.token();
  const before = world.refreshes().filter(({ fault }) => fault !== null).length;
  world.sandbox.control.placeFault({ endpoint: "token", grantType: "refresh_token", ...harm });
  await world.advance("45m");
  expect(world.refreshes().filter(({ fault }) => fault !== null).length).toBeGreaterThan(before);
}

async function livesThrough(world: World, hours: number): Promise<void> {
  for (let hour = 0; hour < hours; hour += 1) {
    expect(await world.organisation(await world.token())).toEqual({ status: 200, name: DEMO_COMPANY });
    await world.advance("1h");
  }
}

/** Xero in everything but its way with refresh tokens. */
function providerOf({ policy }: Mode): Provider {
  const xero = PROVIDERS.get("xero") ?? expect.unreachable();
  const known = { oldAccessToken: "survives", repeatsDocumented: false } as const;
  return { ...xero, id: "own", policy: { ...xero.policy, ...known, ...policy } };
}
