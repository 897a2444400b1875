import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { aConnection, aHeldConsent } from "../testing/fake-node.ts";
import { heldConsentQuestion } from "./consent-text.ts";
import { eventSentence } from "./event-sentence.ts";
import { duration, localInstant, relativeInstant } from "./instants.ts";
import { storyText } from "./story-text.ts";
import { table } from "./table.ts";

const MINUTE_MS = 60_000;

describe("instants", () => {
  test.each([
    [18 * MINUTE_MS + 59_000, "in 18 minutes"],
    [-3 * 24 * 60 * MINUTE_MS, "3 days ago"],
    [60 * MINUTE_MS, "in 1 hour"],
    [999, "now"],
    [-1_500, "1 second ago"],
  ])("%d ms from now is %s", (distanceMs, words) => {
    expect(relativeInstant(1e12 + distanceMs, 1e12)).toBe(words);
  });

  test("are told in the reader's time zone", () => {
    expect(localInstant(Date.UTC(2026, 2, 3, 1, 5, 9), "Pacific/Auckland")).toBe("2026-03-03 14:05:09");
    expect(localInstant(Date.UTC(2026, 2, 3), "UTC")).toBe("2026-03-03 00:00:00");
  });

  test("durations name their largest unit", () => {
    expect([duration(600_000), duration(86_400_000), duration(1_000), duration(200)]).toEqual([
      "10 minutes",
      "1 day",
      "1 second",
      "0 seconds",
    ]);
  });
});

describe("a story", () => {
  const story = {
    connection: aConnection({ lapsesAtMs: 60 * 24 * 60 * MINUTE_MS }),
    summary: "Connected and healthy.",
    next: { what: "The next refresh is due.", atMs: 18 * MINUTE_MS },
    cannotPromise: ["A lost answer loses the grant."],
    outages: [
      {
        event: "store-away" as const,
        safeForMs: 90_000,
        atRisk: null,
        othersForMs: 90_000,
        takenOverWithinMs: null,
        servedForMs: { fromMs: 0, toMs: 60_000 },
        sentence: "The database is away: no grant is lost for 1 min 30 s.",
      },
    ],
    events: [
      { atMs: 0, event: "renewed", by: "keeper", facts: { rotated: true, expiresAtMs: null } },
      { atMs: 0, event: "something-new", by: "keeper", facts: { count: 2, none: null } },
    ],
  };

  test("says how it stands, what comes next and when, what cannot be promised, what an outage would cost, and what happened", () => {
    const lines = storyText(story, 0).split("\n");
    expect(lines[0]).toBe("acme: Connected and healthy.");
    expect(lines.some((line) => /Next +The next refresh is due\. In 18 minutes \(.+\)\.$/.test(line))).toBe(true);
    expect(lines).toContain("    A lost answer loses the grant.");
    expect(lines.indexOf("    The database is away: no grant is lost for 1 min 30 s.")).toBe(
      lines.indexOf("  If something goes wrong:") + 1,
    );
    expect(lines.some((line) => line.endsWith("A new access token came with a new refresh token."))).toBe(true);
    expect(lines.some((line) => line.endsWith("Something new (count 2)."))).toBe(true);
  });

  test("is a sentence for every event, and moves no cursor", () => {
    const facts = fc.dictionary(
      fc.oneof(fc.string(), fc.constantFrom("retryAtMs", "satForMs", "detail", "failures")),
      fc.oneof(fc.string(), fc.double(), fc.boolean(), fc.constant(null)),
    );
    const event = fc.oneof(fc.constantFrom("attempt-failed", "declared-lost", "refused", "toString"), fc.string());
    fc.assert(
      fc.property(event, facts, (name, known) => {
        const sentence = eventSentence({ atMs: 0, event: name, by: "keeper", facts: known });
        expect(sentence).not.toMatch(/\p{Cc}/u);
        expect(sentence.endsWith(".")).toBe(true);
      }),
    );
  });
});

describe("a held consent", () => {
  test("is asked about in one line", () => {
    expect(heldConsentQuestion(aHeldConsent())).toBe("Demo Company (NZ), by jane@demo.example: accept?");
  });

  test("with what speaks against it", () => {
    const question = heldConsentQuestion(aHeldConsent({ because: ["other-subject"], subjectName: "sam\u001b[2J" }));
    expect(question).toBe("Demo Company (NZ), by sam?[2J [another person than before]: accept?");
  });
});

describe("a table", () => {
  test("keeps its columns and has no trailing spaces", () => {
    expect(
      table(
        ["A", "LONG"],
        [
          ["abc", "d"],
          ["e", ""],
        ],
      ),
    ).toBe("A    LONG\nabc  d\ne");
  });
});
