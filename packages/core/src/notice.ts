import type { AuditFacts, NoticeKind } from "./event.ts";
import type { Limits } from "./timing.ts";

/** What people are told, by name. */
export const NOTICE_NAMES = [
  "lapse-coming",
  "consent-needed",
  "app-broken",
  "recovered",
  "tenant-gone",
  "scope-missing",
  "node-degraded",
  "consent-held",
  "quarantine-begun",
  "quarantine-ended",
] as const;
export type NoticeName = (typeof NOTICE_NAMES)[number];

export function isNoticeName(text: string): text is NoticeName {
  return (NOTICE_NAMES as readonly string[]).includes(text);
}

/** Something that happened, about which somebody may have to be told; what it is about, by id. */
export interface News {
  readonly kind: NoticeKind | Exclude<NoticeName, NoticeKind> | "tenant-back" | "node-recovered";
  /** The grant, connection, consent, node or deployment. */
  readonly subject: string;
  /** The app of the grant or connection; null where there is none. */
  readonly app: string | null;
  readonly atMs: number;
  readonly facts: AuditFacts["facts"];
}

/** Something that stands, and is told once while it does. Of one group only the first and the end of the last are told. */
export interface Matter {
  readonly key: string;
  readonly group: string;
  readonly openedAtMs: number;
}

export interface NoticeVerdict {
  /** Null: nobody is told. */
  readonly tell: NoticeName | null;
  /** `operators`: what nobody else could mend. */
  readonly audience: Audience;
  readonly opens: Matter | null;
  /** Keys of matters that are over. */
  readonly closes: readonly string[];
}

export type Audience = "operators" | "everybody";

/** The groups whose open matters `judgeNews` has to see. */
export function groupsOf(news: News): readonly string[] {
  switch (news.kind) {
    case "recovered":
    case "ended":
      return [consent, lapse, scope].map((prefix) => prefix + news.subject).concat(appGroup(news));
    default: {
      const opens = matterOf(news);
      return opens === null ? [] : [opens.group];
    }
  }
}

/** One notice per matter: what stands already is not told again, and what nobody was told of is not said to be over. */
export function judgeNews(news: News, open: readonly Matter[]): NoticeVerdict {
  switch (news.kind) {
    case "recovered":
    case "ended":
      return over(news, open);
    case "tenant-back":
    case "node-recovered": {
      const key = matterOf(news)?.key ?? "";
      const isOpen = open.some((matter) => matter.key === key);
      const audience = news.kind === "tenant-back" ? "everybody" : "operators";
      return { tell: isOpen ? "recovered" : null, audience, opens: null, closes: isOpen ? [key] : [] };
    }
    case "consent-held":
    case "quarantine-begun":
    case "quarantine-ended":
      // Each is an event of its own.
      return { tell: news.kind, audience: "operators", opens: null, closes: [] };
    case "lapse-coming":
    case "consent-needed":
    case "app-broken":
    case "tenant-gone":
    case "scope-missing":
    case "node-degraded":
      return opening(news, news.kind, open);
  }
}

const consent = "consent:";
const lapse = "lapse:";
const scope = "scope:";

function opening(news: News, name: NoticeName, open: readonly Matter[]): NoticeVerdict {
  const matter = matterOf(news);
  const audience: Audience = name === "app-broken" || name === "node-degraded" ? "operators" : "everybody";
  if (matter === null || open.some(({ key }) => key === matter.key))
    return { tell: null, audience, opens: null, closes: [] };
  const isApp = news.kind === "app-broken";
  // A lapse or a scope that stands under another key is an earlier state of the same thing; grants of one app stand side by side.
  const closes = isApp ? [] : open.filter(({ group }) => group === matter.group).map(({ key }) => key);
  const known = isApp && open.some(({ group }) => group === matter.group);
  return { tell: known ? null : name, audience, opens: matter, closes };
}

// What came back by a refresh says nothing of scopes; a new consent does.
function over(news: News, open: readonly Matter[]): NoticeVerdict {
  const byConsent = news.kind === "ended" || "sealedChain" in news.facts;
  const groups = [consent, lapse, ...(byConsent ? [scope] : [])].map((prefix) => prefix + news.subject);
  const ofApp = open.filter(({ group }) => group === appGroup(news));
  const own = ofApp.filter(({ key }) => key === appKey(news));
  const closes = [...open.filter(({ group }) => groups.includes(group)), ...own];
  const appIsWell = own.length > 0 && ofApp.length === own.length;
  const isNews = closes.length > own.length || appIsWell;
  return {
    tell: news.kind === "recovered" && isNews ? "recovered" : null,
    audience: closes.length > own.length ? "everybody" : "operators",
    opens: null,
    closes: closes.map(({ key }) => key),
  };
}

function matterOf(news: News): Matter | null {
  const { subject, atMs: openedAtMs, facts } = news;
  const one = (group: string, part = "") => ({ key: part === "" ? group : `${group}:${part}`, group, openedAtMs });
  switch (news.kind) {
    case "consent-needed":
      return one(consent + subject);
    case "lapse-coming":
      // One for each level of one idle time: counted from the last renewal.
      return one(lapse + subject, `${openedAtMs - Number(facts["idleForMs"] ?? 0)}:${facts["level"]}`);
    case "scope-missing":
      return one(scope + subject, String(facts["missing"]));
    case "app-broken":
      return { key: appKey(news), group: appGroup(news), openedAtMs };
    case "tenant-gone":
    case "tenant-back":
      return one(`tenant:${subject}:${facts["tenant"]}`);
    case "node-degraded":
    case "node-recovered":
      return one(`node:${subject}`);
    case "recovered":
    case "ended":
    case "consent-held":
    case "quarantine-begun":
    case "quarantine-ended":
      return null;
  }
}

function appGroup({ app }: News): string {
  return `app:${app}`;
}

function appKey(news: News): string {
  return `app:${news.app}:${news.subject}`;
}

/**
 * When a notice that was not taken is tried again; null: never. `attempts` counts the tries so far, from 1; `sinceMs` is when it was
 * first to go out.
 */
export function retryNoticeAtMs(
  tried: { readonly attempts: number; readonly sinceMs: number; readonly nowMs: number },
  limits: Limits,
): number | null {
  const { attempts, sinceMs, nowMs } = tried;
  if (nowMs - sinceMs >= limits.noticeGiveUpMs) return null;
  const pauseMs = Math.min(limits.retryFirstMs * 4 ** Math.min(attempts - 1, 20), limits.noticeRetryMaxMs);
  return nowMs + pauseMs;
}
