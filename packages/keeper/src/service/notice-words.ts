import { durationWords, type NoticeName } from "@evergrant/core";
import type { Delivery } from "../ports/notice-store.ts";
import type { NoticePlace } from "./notice-place.ts";

/** One notice in words, for people and for programs. */
export interface NoticeWords {
  readonly notice: NoticeName;
  readonly atMs: number;
  readonly connections: readonly string[];
  /** One line, without a full stop. */
  readonly title: string;
  /** What happened, what it means, what to do. */
  readonly sentences: readonly string[];
  /** The one thing that mends it, where there is one. */
  readonly action: { readonly label: string; readonly url: string } | null;
}

/** Says in plain words what a notice tells. `link` is the re-consent link, where a person's consent would help. */
export function wordsOf(delivery: Delivery, place: NoticePlace, link: string | null): NoticeWords {
  const { told, notice } = delivery;
  const { title, sentences } = tell(told, { facts: notice.facts, place, node: notice.subject.id });
  const helps = link !== null && CONSENT_HELPS.has(told) && !isBeyondApp(told, notice.facts);
  return {
    notice: told,
    atMs: notice.atMs,
    connections: place.connections.map(({ name }) => name),
    title,
    sentences,
    action: helps ? { label: "Give consent again", url: link } : null,
  };
}

const CONSENT_HELPS: ReadonlySet<NoticeName> = new Set<NoticeName>([
  "consent-needed",
  "lapse-coming",
  "tenant-gone",
  "scope-missing",
]);

// What the app itself does not ask for, no consent gives.
function isBeyondApp(told: NoticeName, facts: Told["facts"]): boolean {
  return told === "scope-missing" && facts["missing"] === "";
}

interface Told {
  readonly facts: Delivery["notice"]["facts"];
  readonly place: NoticePlace;
  readonly node: string;
}

type Words = Pick<NoticeWords, "title" | "sentences">;

function tell(name: NoticeName, told: Told): Words {
  const { facts, place, node } = told;
  const which = named(place);
  const provider = place.app?.provider.displayName ?? "the provider";
  switch (name) {
    case "lapse-coming":
      return lapseWords(told);
    case "consent-needed":
      return consentWords(told);
    case "app-broken":
      return {
        title: `${provider} refuses our app ${place.app?.stored.name ?? ""}`.trim(),
        sentences: [
          `${provider} refuses the app's own credentials (${facts["detail"]}). No grant is harmed; new tokens wait until this is mended.`,
          `An operator has to check the app's client secret: evergrant apps secret ${place.app?.stored.name ?? "NAME"}.`,
        ],
      };
    case "recovered":
      return {
        title: place.connections.length === 0 ? `Node ${node} is well again` : `${which} works again`,
        sentences: ["What was told before is over. There is nothing more to do."],
      };
    case "tenant-gone":
      return {
        title: `${which}: ${facts["name"]} was disconnected`,
        sentences: [
          `${provider} no longer lists the organisation ${facts["name"]} for this connection: somebody disconnected it, or the person lost their role there.`,
          "Whoever may should connect it again.",
        ],
      };
    case "scope-missing":
      return scopeWords(told);
    case "node-degraded":
      return {
        title: `Node ${node} cannot refresh`,
        sentences: [
          `It serves the tokens it has, but starts no refresh: ${facts["detail"] ?? "store or journal take no writes"}.`,
          "Check its disk and its database before those tokens run out.",
        ],
      };
    case "consent-held":
      return {
        title: `${which}: a consent waits for your yes or no`,
        sentences: ["Somebody gave a consent that is not taken by itself. See: evergrant consents list."],
      };
    case "quarantine-begun":
      return {
        title: "The database may have been restored or copied",
        sentences: [
          "Valid tokens are served and nothing is spent until an operator says which of the two it is: evergrant quarantine.",
        ],
      };
    case "quarantine-ended":
      return { title: "The quarantine of the database has ended", sentences: ["Refreshing goes on."] };
  }
}

function scopeWords({ facts, place }: Told): Words {
  const provider = place.app?.provider.displayName ?? "the provider";
  const isCustom = place.app?.provider.kind === "client_credentials";
  const app = place.app?.stored.name ?? "NAME";
  const title = `${named(place)} lacks permissions`;
  if (isBeyondApp("scope-missing", facts))
    return {
      title,
      sentences: [
        `${provider} refused a call for want of a scope that our app does not ask for. Tokens go on to work for everything else.`,
        `If callers are to make such calls, an operator adds the scope to those that the app asks for (evergrant apps scopes ${app} SCOPES); a new consent brings it then.`,
      ],
    };
  return {
    title,
    sentences: [
      `The app asks for more than the last consent gave. Missing: ${facts["missing"]}.`,
      isCustom
        ? "Tokens go on to work for everything else; the person named for it at the provider has to approve the rest there."
        : "Tokens go on to work for everything else; a new consent brings the rest.",
    ],
  };
}

function lapseWords({ facts, place }: Told): Words {
  const lifeMs = place.app?.timing.lapseAfterMs ?? null;
  const idleForMs = Number(facts["idleForMs"] ?? 0);
  const left = lifeMs === null ? "" : ` It lapses in ${durationWords(Math.max(0, lifeMs - idleForMs))}.`;
  return {
    title: `${named(place)} will lapse unless it can be refreshed`,
    sentences: [
      `No refresh has succeeded for ${durationWords(idleForMs)}.${left}`,
      "Refreshing is tried again and again. A new consent now, before it lapses, keeps the connection alive in any case.",
    ],
  };
}

function consentWords({ facts, place }: Told): Words {
  const isCustom = place.app?.provider.kind === "client_credentials";
  const provider = place.app?.provider.displayName ?? "the provider";
  const why = facts["reason"] === "lapsed" ? "its grant lapsed unused" : `${provider} no longer accepts its grant`;
  return {
    title: `${named(place)} needs consent`,
    sentences: isCustom
      ? [
          `${provider} says that nobody has authorised this connection, or no longer.`,
          "The person named for it at the provider has to approve it there; nothing is to be done here, and it is asked again by itself.",
        ]
      : [
          `No new tokens can be had: ${why}. This was checked several times before it was believed.`,
          "A person who may connect the organisation has to give consent again.",
        ],
  };
}

function named({ connections }: NoticePlace): string {
  const names = connections.map(({ name }) => name);
  return names.length === 0 ? "A connection" : names.join(", ");
}
