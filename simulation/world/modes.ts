import type { Rotation, TokenPolicy } from "@evergrant/core";
import type { Switches } from "@evergrant/sandbox/engine";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** One way in which a provider may treat refresh tokens: what it does, and what the keeper is told of it. */
export interface Mode {
  readonly name: ModeName;
  readonly switches: Partial<Switches>;
  readonly policy: Pick<TokenPolicy, "rotation" | "repeatsDocumented" | "oldAccessToken">;
  /** Whether a lost answer can be asked for again: where not, it is one lost grant, and nobody's fault. */
  readonly forgives: "lost-answers" | "nothing";
  /** Whether a repeat that comes late can kill the token that is held. */
  readonly strayKills: boolean;
}

export const MODE_NAMES = [
  "none",
  "same",
  "same-until-used",
  "sibling",
  "sibling-until-used",
  "supersede",
  "supersede-until-used",
  "closing-grace",
  "xero-unknown",
  "xero-dying-access",
  "confirm-on-use",
  "unrevoked",
  "strict",
] as const;
export type ModeName = (typeof MODE_NAMES)[number];

const GRACE_SECONDS = 1800;

/** The rotation vocabulary as worlds to live in. */
export const MODES: { readonly [Name in ModeName]: Mode } = {
  none: plain("none", false),
  same: grace("same", { retry: "same", closesWhen: "never" }),
  "same-until-used": grace("same-until-used", { retry: "same", closesWhen: "successor-used" }),
  sibling: grace("sibling", { retry: "sibling", closesWhen: "never" }),
  "sibling-until-used": grace("sibling-until-used", { retry: "sibling", closesWhen: "successor-used" }),
  supersede: grace("supersede", { retry: "supersede", closesWhen: "never" }),
  "supersede-until-used": grace("supersede-until-used", { retry: "supersede", closesWhen: "successor-used" }),
  "closing-grace": revoking(grace("closing-grace", { retry: "supersede", closesWhen: "successor-used" })),
  // What is known of Xero, over the least kind of what may be true of it.
  "xero-unknown": untold(grace("xero-unknown", { retry: "supersede", closesWhen: "successor-used" })),
  "xero-dying-access": dyingAccess(untold(grace("xero-dying-access", { retry: "sibling", closesWhen: "never" }))),
  "confirm-on-use": plain("confirm-on-use", false),
  unrevoked: plain("unrevoked", false),
  strict: revoking(plain("strict", true)),
};

/** The times of a provider's tokens: as Xero has them, or short, so that a lapse can be lived through in a simulation. */
export const LIVES = {
  xero: { accessLifeMs: 30 * MINUTE_MS, idleLifeMs: 60 * DAY_MS },
  short: { accessLifeMs: 30 * MINUTE_MS, idleLifeMs: 4 * DAY_MS },
} as const;
export type LivesName = keyof typeof LIVES;

export function policyOf(mode: Mode, lives: LivesName): TokenPolicy {
  return { ...mode.policy, ...LIVES[lives], absoluteLifeMs: "unknown", earlyRefresh: "allowed" };
}

export function switchesOf(mode: Mode, lives: LivesName): Partial<Switches> {
  return { ...mode.switches, "refresh.idle_ttl_seconds": LIVES[lives].idleLifeMs / 1000 };
}

function plain(name: "none" | "confirm-on-use" | "unrevoked" | "strict", unforgiving: boolean): Mode {
  return {
    name,
    switches: { rotation: name },
    policy: { rotation: { kind: name }, repeatsDocumented: false, oldAccessToken: "survives" },
    forgives: unforgiving ? "nothing" : "lost-answers",
    strayKills: unforgiving,
  };
}

function grace(
  name: ModeName,
  facts: { retry: "same" | "sibling" | "supersede"; closesWhen: "never" | "successor-used" },
): Mode {
  const rotation: Rotation = { kind: "grace", seconds: GRACE_SECONDS, anchor: "first-use", depth: "any", ...facts };
  return {
    name,
    switches: {
      rotation: "grace",
      "grace.seconds": GRACE_SECONDS,
      "grace.retry": facts.retry,
      "grace.closes_when": facts.closesWhen,
    },
    policy: { rotation, repeatsDocumented: true, oldAccessToken: "survives" },
    forgives: "lost-answers",
    strayKills: facts.retry === "supersede",
  };
}

function revoking(mode: Mode): Mode {
  const switches = { ...mode.switches, after_grace: "revoke-family" as const };
  return { ...mode, switches, policy: { ...mode.policy, repeatsDocumented: false } };
}

function untold(mode: Mode): Mode {
  const rotation: Rotation = {
    kind: "grace",
    seconds: GRACE_SECONDS,
    anchor: "first-use",
    depth: "unknown",
    retry: "unknown",
    closesWhen: "unknown",
  };
  return { ...mode, policy: { rotation, repeatsDocumented: true, oldAccessToken: "unknown" } };
}

function dyingAccess(mode: Mode): Mode {
  return { ...mode, switches: { ...mode.switches, access_token_on_rotate: "revoke" } };
}
