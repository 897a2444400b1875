/** How many calls of one app to one organisation are being answered. */
export interface CallsInProgress {
  /** Enters a call: its place among those in progress, itself included, and how it leaves. */
  enter(key: string): { readonly place: number; leave(): void };
}

export function createCallsInProgress(): CallsInProgress {
  const counts = new Map<string, number>();
  return {
    enter(key) {
      const place = (counts.get(key) ?? 0) + 1;
      counts.set(key, place);
      return {
        place,
        leave() {
          const left = (counts.get(key) ?? 1) - 1;
          if (left === 0) counts.delete(key);
          else counts.set(key, left);
        },
      };
    },
  };
}
