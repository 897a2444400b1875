import { describe, expect, test } from "vitest";
import { type DialectName, PRESETS } from "../engine/index.ts";
import { createSandbox } from "../index.ts";
import { connectedJane, refreshWith, type Tokens } from "../testing/person.ts";

interface AfterFifty {
  /** Answered with tokens. */
  readonly answered: number;
  /** Different refresh tokens among the answers. */
  readonly given: number;
  /** Of these, how many would be accepted now. */
  readonly live: number;
}

const everyOneGetsASibling: AfterFifty = { answered: 50, given: 50, live: 50 };

/** What fifty refreshes with one token must leave behind, whatever the order in which they arrive. */
const AFTER_FIFTY: { readonly [Name in DialectName]: AfterFifty } = {
  xero: everyOneGetsASibling,
  strict: { answered: 1, given: 1, live: 0 },
  "closing-grace": { answered: 50, given: 50, live: 1 },
  okta: everyOneGetsASibling,
  auth0: everyOneGetsASibling,
  supabase: { answered: 50, given: 1, live: 1 },
  hydra: everyOneGetsASibling,
  keycloak: { answered: 2, given: 2, live: 0 },
  wso2: { answered: 5, given: 5, live: 1 },
  cognito: everyOneGetsASibling,
  atlassian: everyOneGetsASibling,
  lightspeed: everyOneGetsASibling,
  none: { answered: 50, given: 1, live: 1 },
};

describe("fifty parallel refreshes with one token over HTTP", () => {
  test.each(Object.entries(AFTER_FIFTY))("under %s", async (name, expected) => {
    await using sandbox = await createSandbox({ dialect: name as DialectName });
    const { refresh_token } = await connectedJane(sandbox);
    const answers = await Promise.all(Array.from({ length: 50 }, () => refreshWith(sandbox, refresh_token)));
    const bodies = await Promise.all(answers.map(async (answer) => (await answer.json()) as Partial<Tokens>));
    const given = new Set(bodies.flatMap((body) => body.refresh_token ?? []));
    const live = [...given].filter((token) => sandbox.control.tokenAccepted({ token }).accepted);
    const answered = answers.filter((answer) => answer.ok).length;
    expect({ answered, given: given.size, live: live.length }).toEqual(expected);

    // The ledger tells the same story: each answer was one use, each refusal was counted, no token came from nowhere.
    const [grant] = sandbox.control.grants();
    const { refreshTokens } = sandbox.control.grant(grant?.id ?? "");
    const first = refreshTokens.find((token) => token.generation === 1);
    expect([first?.useCount, first?.refusals]).toEqual([answered, 50 - answered]);
    const successors = refreshTokens.filter((token) => token.parentHash !== null);
    expect(successors.length).toBe(name === "none" ? 0 : expected.given);
    expect(new Set(successors.map((token) => token.parentHash)).size).toBeLessThanOrEqual(1);
    const committed = sandbox.control
      .requests()
      .filter((entry) => entry.grantType === "refresh_token" && entry.committed);
    expect(committed.length).toBe(answered);
    expect(sandbox.control.verify()).toMatchObject({ ok: true, liveGrants: expected.live > 0 ? 1 : 0 });
  });
});

test("every dialect says what it does and where that is written", () => {
  for (const [name, { about, source }] of Object.entries(PRESETS)) {
    expect(about.length, name).toBeGreaterThan(30);
    expect(source.length, name).toBeGreaterThan(20);
  }
});
