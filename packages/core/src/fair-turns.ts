/** Somebody who waits for a turn. */
export interface Waiting {
  readonly caller: string;
  /** What the turn is taken at: one set of limits. */
  readonly place: string;
}

/**
 * Who of those who wait goes next: of callers whose place has room, the one who had a turn longest ago, and of his calls the oldest.
 * So whoever sends much waits behind himself, not before others.
 * @param waiting oldest first
 * @param turnsOf when each caller last had a turn, as a number that grows; nothing where he never had one
 * @returns its index, or null where nobody can go
 */
export function nextTurn(
  waiting: readonly Waiting[],
  turnsOf: ReadonlyMap<string, number>,
  hasRoom: (place: string) => boolean,
): number | null {
  let best: { readonly index: number; readonly turn: number } | null = null;
  const seen = new Map<string, boolean>();
  for (const [index, { caller, place }] of waiting.entries()) {
    const room = seen.get(place) ?? hasRoom(place);
    seen.set(place, room);
    const turn = turnsOf.get(caller) ?? 0;
    if (room && (best === null || turn < best.turn)) best = { index, turn };
  }
  return best?.index ?? null;
}
