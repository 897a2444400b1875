import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { groupsOf, judgeNews, type Matter, type News, type NoticeName, retryNoticeAtMs } from "./notice.ts";
import { DEFAULT_LIMITS } from "./timing.ts";

const DAY_MS = 86_400_000;

/** Judges news one after the other, as a store does: each sees the open matters of its groups. */
function tell(news: readonly News[]): (NoticeName | null)[] {
  const open = new Map<string, Matter>();
  return news.map((one) => {
    const groups = groupsOf(one);
    const verdict = judgeNews(
      one,
      [...open.values()].filter(({ group }) => groups.includes(group)),
    );
    for (const key of verdict.closes) open.delete(key);
    if (verdict.opens !== null) open.set(verdict.opens.key, verdict.opens);
    return verdict.tell;
  });
}

let day = 0;
function news(kind: News["kind"], subject = "gr_1", facts: News["facts"] = {}, app = "ap_1"): News {
  day += 1;
  return { kind, subject, app, atMs: day * DAY_MS, facts };
}
const lapse = (level: string, renewedAtMs = 0) => {
  const coming = news("lapse-coming");
  return { ...coming, facts: { level, idleForMs: coming.atMs - renewedAtMs } };
};
const consented = () => news("recovered", "gr_1", { chain: "ch_2", sealedChain: "ch_1" });
const ofTenant = (kind: "tenant-gone" | "tenant-back", tenant: string) => news(kind, "cn_1", { tenant });

describe("one notice per matter", () => {
  test.each<[string, News[], (NoticeName | null)[]]>([
    [
      "a lost grant is told once until it has recovered",
      [news("consent-needed"), news("consent-needed"), news("recovered"), news("consent-needed")],
      ["consent-needed", null, "recovered", "consent-needed"],
    ],
    ["what nobody was told of is not said to be over", [news("recovered"), consented()], [null, null]],
    [
      "each level of one idle time is told, and that it is over",
      [lapse("half"), lapse("half"), lapse("three-quarters"), news("recovered"), news("recovered")],
      ["lapse-coming", null, "lapse-coming", "recovered", null],
    ],
    [
      "another idle time is another matter, also where nothing was said in between",
      [lapse("half"), lapse("half", 7)],
      ["lapse-coming", "lapse-coming"],
    ],
    [
      "a broken app is told once for all its grants, and well again when the last of them is",
      [
        news("app-broken"),
        news("app-broken", "gr_2"),
        news("recovered"),
        news("app-broken", "gr_3", {}, "ap_2"),
        news("recovered", "gr_2"),
        news("recovered", "gr_2"),
      ],
      ["app-broken", null, null, "app-broken", "recovered", null],
    ],
    [
      "a grant that has ended keeps no matter open, and nobody is told of that",
      [news("app-broken"), news("consent-needed"), news("ended"), news("app-broken", "gr_2")],
      ["app-broken", "consent-needed", null, "app-broken"],
    ],
    [
      "organisations are matters of their own",
      [ofTenant("tenant-gone", "t1"), ofTenant("tenant-gone", "t2"), ofTenant("tenant-back", "t1")],
      ["tenant-gone", "tenant-gone", "recovered"],
    ],
    [
      "missing scopes are told anew when they are others, and over by a new consent alone",
      [
        news("scope-missing", "gr_1", { missing: "a" }),
        news("scope-missing", "gr_1", { missing: "a" }),
        news("recovered", "gr_1", { attempt: "at_1" }),
        news("scope-missing", "gr_1", { missing: "a b" }),
        consented(),
      ],
      ["scope-missing", null, null, "scope-missing", "recovered"],
    ],
    [
      "a node that cannot refresh is told once until it can",
      [news("node-degraded", "nd_1"), news("node-degraded", "nd_1"), news("node-recovered", "nd_1")],
      ["node-degraded", null, "recovered"],
    ],
  ])("%s", (_sentence, happened, expected) => {
    expect(tell(happened)).toEqual(expected);
  });

  test("whatever happens, no notice of a matter comes twice without its end between", () => {
    const anything = fc.record({
      kind: fc.constantFrom<News["kind"]>("consent-needed", "app-broken", "recovered", "ended"),
      subject: fc.constantFrom("gr_1", "gr_2"),
    });
    fc.assert(
      fc.property(fc.array(anything, { maxLength: 40 }), (all) => {
        const judged = tell(all.map(({ kind, subject }) => news(kind, subject)));
        const standing = new Set<string>();
        for (const [index, { kind, subject }] of all.entries()) {
          if (kind === "recovered" || kind === "ended") standing.delete(subject);
          if (judged[index] !== "consent-needed") continue;
          expect(standing.has(subject)).toBe(false);
          standing.add(subject);
        }
      }),
    );
  });
});

describe("a notice that is not taken", () => {
  test("is tried again after ever longer pauses, and given up in the end", () => {
    const at: number[] = [];
    for (let attempts = 1, nowMs = 0; ; attempts += 1) {
      const nextMs = retryNoticeAtMs({ attempts, sinceMs: 0, nowMs }, DEFAULT_LIMITS);
      if (nextMs === null) break;
      at.push(nextMs - nowMs);
      nowMs = nextMs;
    }
    expect(at.slice(0, 4)).toEqual([5_000, 20_000, 80_000, 320_000]);
    expect(Math.max(...at)).toBe(DEFAULT_LIMITS.noticeRetryMaxMs);
    expect(at.length).toBeLessThan(40);
    expect(at.reduce((sum, pause) => sum + pause)).toBeGreaterThanOrEqual(DEFAULT_LIMITS.noticeGiveUpMs);
  });
});
