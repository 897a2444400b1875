import { type ApiUsage, callsPerDay, type Turn } from "../engine/index.ts";

export interface Limits {
  readonly concurrent: number;
  readonly minute: number;
  readonly day: number;
  readonly appMinute: number;
}

/** The limits in force: what is documented, unless a switch says otherwise. */
const limitsOf = (turn: Turn, { clientId }: Meter): Limits => ({
  concurrent: turn.switches["limits.concurrent"] ?? 5,
  minute: turn.switches["limits.minute"] ?? 60,
  day: turn.switches["limits.day"] ?? callsPerDay(turn, clientId),
  appMinute: turn.switches["limits.app_minute"] ?? 10_000,
});

export interface Remaining {
  readonly day: number;
  readonly minute: number;
  readonly appMinute: number;
}

export type LimitProblem = "concurrent" | "minute" | "day" | "appminute";

export type Metered =
  | { readonly kind: "counted"; readonly remaining: Remaining }
  | {
      readonly kind: "refused";
      readonly problem: LimitProblem;
      readonly remaining: Remaining;
      /** null for the concurrent limit: it says nothing about when. */
      readonly retryAfterSeconds: number | null;
    };

/** Whose calls are counted. */
export interface Meter {
  readonly clientId: string;
  readonly organisationId: string;
}

const minuteMs = 60_000;
const dayMs = 86_400_000;

/** Counts one call, or says which limit forbids it. `inProgress` includes this call. A refused call is not counted. */
export function countCall(turn: Turn, meter: Meter, inProgress: number): Metered {
  const limits = limitsOf(turn, meter);
  const own = usageOf(turn, tenantKey(meter));
  const app = usageOf(turn, appKey(meter));
  const remaining = remainingOf(limits, own, app);
  const refused = (problem: LimitProblem, endMs: number | null): Metered => ({
    kind: "refused",
    problem,
    remaining,
    retryAfterSeconds: endMs === null ? null : Math.max(1, Math.ceil((endMs - turn.nowMs) / 1000)),
  });
  if (inProgress > limits.concurrent) return refused("concurrent", null);
  if (remaining.day <= 0) return refused("day", own.dayStartMs + dayMs);
  if (remaining.minute <= 0) return refused("minute", own.minuteStartMs + minuteMs);
  if (remaining.appMinute <= 0) return refused("appminute", app.minuteStartMs + minuteMs);
  const counted = [own, app].map((usage) => ({
    ...usage,
    minuteCalls: usage.minuteCalls + 1,
    dayCalls: usage.dayCalls + 1,
  }));
  for (const [index, key] of [tenantKey(meter), appKey(meter)].entries()) {
    const usage = counted[index];
    if (usage !== undefined) turn.draft.put("apiUsage", key, usage);
  }
  return { kind: "counted", remaining: remainingOf(limits, counted[0] ?? own, counted[1] ?? app) };
}

/** What is left in the running windows. */
export function readMeter(turn: Turn, meter: Meter): Remaining {
  return remainingOf(limitsOf(turn, meter), usageOf(turn, tenantKey(meter)), usageOf(turn, appKey(meter)));
}

/** Sets what is left in the running windows; what is not named stays. */
export function setMeter(
  turn: Turn,
  meter: Meter,
  remaining: { readonly [K in keyof Remaining]?: number | undefined },
): void {
  const limits = limitsOf(turn, meter);
  const own = usageOf(turn, tenantKey(meter));
  const app = usageOf(turn, appKey(meter));
  const used = (limit: number, left: number | undefined, before: number) =>
    left === undefined ? before : Math.max(0, limit - left);
  turn.draft.put("apiUsage", tenantKey(meter), {
    ...own,
    minuteCalls: used(limits.minute, remaining.minute, own.minuteCalls),
    dayCalls: used(limits.day, remaining.day, own.dayCalls),
  });
  turn.draft.put("apiUsage", appKey(meter), {
    ...app,
    minuteCalls: used(limits.appMinute, remaining.appMinute, app.minuteCalls),
  });
}

const tenantKey = ({ clientId, organisationId }: Meter): string => `${clientId}:${organisationId}`;
const appKey = ({ clientId }: Meter): string => `${clientId}:`;

function remainingOf(limits: Limits, own: ApiUsage, app: ApiUsage): Remaining {
  return {
    day: Math.max(0, limits.day - own.dayCalls),
    minute: Math.max(0, limits.minute - own.minuteCalls),
    appMinute: Math.max(0, limits.appMinute - app.minuteCalls),
  };
}

// Windows are fixed; where they begin differs from organisation to organisation.
function usageOf(turn: Turn, key: string): ApiUsage {
  const shiftMs = Number.parseInt(turn.mint.hash(`window:${key}`).slice(0, 8), 16) || 0;
  const minuteStartMs = windowStart(turn.nowMs, minuteMs, shiftMs);
  const dayStartMs = windowStart(turn.nowMs, dayMs, shiftMs);
  const stored = turn.draft.get("apiUsage", key);
  return {
    minuteStartMs,
    minuteCalls: stored?.minuteStartMs === minuteStartMs ? stored.minuteCalls : 0,
    dayStartMs,
    dayCalls: stored?.dayStartMs === dayStartMs ? stored.dayCalls : 0,
  };
}

const windowStart = (nowMs: number, lengthMs: number, shiftMs: number): number =>
  Math.floor((nowMs - (shiftMs % lengthMs)) / lengthMs) * lengthMs + (shiftMs % lengthMs);
