/** So many calls within each span: a limit of a provider's API. Where a provider's windows begin is not known. */
export interface CallWindow {
  readonly name: string;
  readonly spanMs: number;
  readonly calls: number;
}

/** What a provider allows one organisation, or one app. */
export interface CallLimits {
  /** Calls in progress at once. */
  readonly concurrent: number | null;
  readonly windows: readonly CallWindow[];
}

/**
 * What is known of the use of one set of limits. A call is *open* from its beginning to its end, and *uncounted* until its answer
 * begins: somewhere in between the provider counted it.
 */
export interface ApiMeter {
  readonly open: number;
  readonly uncounted: number;
  /** Calls begun so far: their order. */
  readonly begun: number;
  /** Until when calls whose end nobody saw may still be in progress at the provider. */
  readonly strays: readonly number[];
  /** Nothing goes before: the provider asked for a pause. */
  readonly closedUntilMs: number;
  readonly windows: readonly MeteredWindow[];
}

interface MeteredWindow {
  /** Counted calls, by when they were counted at the latest. */
  readonly counted: readonly { readonly byMs: number; readonly calls: number }[];
  /** The call that began last of those with which the provider told what is left, and until when that is believed. */
  readonly latest: (BegunCall & { readonly untilMs: number }) | null;
  /** What was told with the calls that were not over when that one began; null: nothing was, so each may have been counted since. */
  readonly words: readonly { readonly left: number | null; readonly seenBySeq: number; readonly untilMs: number }[];
  /** Calls up to this one tell of a window that is over. */
  readonly deafToSeq: number;
}

/** A call that was begun: what has to be known of it when its answer comes. */
export interface BegunCall {
  readonly seq: number;
  readonly startMs: number;
}

/** What an answer says about limits, window by window in the order of the limits. */
export interface ApiAccount {
  readonly left: readonly (number | null)[];
  /** A refusal for too many calls: of which window (null: of none, such as concurrency), and how long to wait. */
  readonly refused: { readonly window: number | null; readonly retryAfterMs: number } | null;
}

export function newMeter(limits: CallLimits): ApiMeter {
  const windows = limits.windows.map(() => EMPTY_WINDOW);
  return { open: 0, uncounted: 0, begun: 0, strays: [], closedUntilMs: 0, windows };
}

/**
 * From when on another call may begin, as far as is known: `nowMs` or before means now. Null where that depends on the end of a call
 * that is open. Safe against windows that begin anywhere: either the provider's own counter leaves room for it, or fewer than the
 * limit were counted within any span that ends now.
 */
export function mayBeginAtMs(meter: ApiMeter, nowMs: number, limits: CallLimits): number | null {
  const strays = meter.strays.filter((untilMs) => untilMs > nowMs);
  if (limits.concurrent !== null && meter.open + strays.length >= limits.concurrent) return soonest(strays, null);
  let atMs: number | null = meter.closedUntilMs;
  for (const [index, window] of limits.windows.entries()) {
    const windowAtMs = roomAtMs(meter, index, { nowMs, window });
    atMs = atMs === null || windowAtMs === null ? null : Math.max(atMs, windowAtMs);
  }
  return atMs;
}

export function beginCall(meter: ApiMeter, nowMs: number): { readonly meter: ApiMeter; readonly call: BegunCall } {
  const seq = meter.begun + 1;
  const strays = meter.strays.filter((untilMs) => untilMs > nowMs);
  return {
    meter: { ...meter, open: meter.open + 1, uncounted: meter.uncounted + 1, begun: seq, strays },
    call: { seq, startMs: nowMs },
  };
}

/** The answer has begun: the call is counted by now, and the provider may have said what is left. */
export function noteAnswer(
  meter: ApiMeter,
  answer: { readonly call: BegunCall; readonly nowMs: number; readonly account: ApiAccount },
  limits: CallLimits,
): ApiMeter {
  const { refused, left } = answer.account;
  const counted = countBy(meter, answer.nowMs, limits);
  const windows = counted.windows.map((window, index) => {
    if (refused !== null && refused.window === index) return { ...EMPTY_WINDOW, deafToSeq: meter.begun };
    const spanMs = limits.windows[index]?.spanMs ?? 0;
    return withWord(window, { ...answer, left: left[index] ?? null, seenBySeq: meter.begun, spanMs });
  });
  const closedUntilMs =
    refused === null ? meter.closedUntilMs : Math.max(meter.closedUntilMs, answer.nowMs + refused.retryAfterMs);
  return { ...counted, windows, closedUntilMs };
}

/** The call is over. Where no answer began, the provider may count it, and work on it, for as long as strays live. */
export function endCall(
  meter: ApiMeter,
  end: { readonly answered: boolean; readonly nowMs: number; readonly strayMs: number },
  limits: CallLimits,
): ApiMeter {
  const ended = { ...meter, open: meter.open - 1 };
  if (end.answered) return ended;
  const byMs = end.nowMs + end.strayMs;
  const counted = countBy(ended, byMs, limits);
  const windows = counted.windows.map((window) => ({
    ...window,
    words: withoutOld([...window.words, { left: null, seenBySeq: meter.begun, untilMs: byMs }], window.latest),
  }));
  return { ...counted, windows, strays: [...ended.strays, byMs] };
}

/** The call was never sent. */
export function withdrawCall(meter: ApiMeter): ApiMeter {
  return { ...meter, open: meter.open - 1, uncounted: meter.uncounted - 1 };
}

/** How many calls are left in each window, as far as is known. */
export function callsLeft(meter: ApiMeter, nowMs: number, limits: CallLimits): readonly number[] {
  return limits.windows.map((window, index) => {
    const told = toldLeft(meter, index, nowMs);
    return Math.max(0, told ?? window.calls - usedOf(meter, index, { nowMs, window }));
  });
}

// At the provider's word a window has begun anew once the pause is over: what was counted before is history.
const EMPTY_WINDOW: MeteredWindow = { counted: [], latest: null, words: [], deafToSeq: 0 };

interface Look {
  readonly nowMs: number;
  readonly window: CallWindow;
}

function roomAtMs(meter: ApiMeter, index: number, { nowMs, window }: Look): number | null {
  const told = toldLeft(meter, index, nowMs);
  // An exhausted counter is full again a span later at the latest, and then it is no longer believed.
  if (told !== null) return told > 0 ? 0 : (meter.windows[index]?.latest?.untilMs ?? 0);
  const used = usedOf(meter, index, { nowMs, window });
  if (used < window.calls) return 0;
  let toGo = used - window.calls + 1;
  for (const { byMs, calls } of live(meter, index, { nowMs, window })) {
    toGo -= calls;
    if (toGo <= 0) return byMs + window.spanMs;
  }
  return null;
}

function usedOf(meter: ApiMeter, index: number, look: Look): number {
  return live(meter, index, look).reduce((sum, { calls }) => sum + calls, meter.uncounted);
}

function live(meter: ApiMeter, index: number, { nowMs, window }: Look): MeteredWindow["counted"] {
  return (meter.windows[index]?.counted ?? []).filter(({ byMs }) => byMs + window.spanMs > nowMs);
}

/**
 * What is surely left by the provider's own numbers, null where they are not believed any more. The lowest number stands for the call
 * that was counted last, whichever that is; what it may not hold is taken off: calls without an answer, and those that told nothing.
 */
function toldLeft(meter: ApiMeter, index: number, nowMs: number): number | null {
  const window = meter.windows[index];
  if (window === undefined || window.latest === null || window.latest.untilMs <= nowMs) return null;
  const told = window.words.flatMap(({ left }) => (left === null ? [] : [left]));
  return Math.min(...told) - meter.uncounted - (window.words.length - told.length);
}

// Calls are kept by sixtieths of the span, each counted at the end of its own: never too early.
function countBy(meter: ApiMeter, byMs: number, limits: CallLimits): ApiMeter {
  const windows = meter.windows.map((window, index) => {
    const spanMs = limits.windows[index]?.spanMs ?? 0;
    const slotMs = Math.max(1, spanMs / 60);
    const slotEndMs = Math.ceil(byMs / slotMs) * slotMs;
    const kept = window.counted.filter((slot) => slot.byMs + spanMs > byMs - spanMs && slot.byMs !== slotEndMs);
    const before = window.counted.find((slot) => slot.byMs === slotEndMs)?.calls ?? 0;
    const counted = [...kept, { byMs: slotEndMs, calls: before + 1 }].sort((a, b) => a.byMs - b.byMs);
    return { ...window, counted };
  });
  return { ...meter, uncounted: meter.uncounted - 1, windows };
}

interface Told {
  readonly call: BegunCall;
  readonly nowMs: number;
  readonly left: number | null;
  readonly seenBySeq: number;
  readonly spanMs: number;
}

function withWord(window: MeteredWindow, { call, nowMs, left, seenBySeq, spanMs }: Told): MeteredWindow {
  const heard = call.seq > window.deafToSeq ? left : null;
  const isLatest = heard !== null && (window.latest === null || call.seq > window.latest.seq);
  const latest = isLatest ? { ...call, untilMs: nowMs + spanMs } : window.latest;
  return { ...window, latest, words: withoutOld([...window.words, { left: heard, seenBySeq, untilMs: 0 }], latest) };
}

/** More than any provider lets be open at once; only where nothing is ever told could there be more. */
const WORDS_KEPT = 1_000;

// Calls that were over when the latest one began are counted in what it told.
function withoutOld(words: MeteredWindow["words"], latest: MeteredWindow["latest"]): MeteredWindow["words"] {
  if (latest === null) return words.slice(-WORDS_KEPT);
  return words
    .filter(({ seenBySeq, untilMs }) => seenBySeq >= latest.seq || untilMs > latest.startMs)
    .slice(-WORDS_KEPT);
}

function soonest(instants: readonly number[], none: number | null): number | null {
  return instants.length === 0 ? none : Math.min(...instants);
}
