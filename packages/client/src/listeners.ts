/** Whoever wants to hear of something. */
export class Listeners<Event> {
  readonly #listeners = new Set<(event: Event) => void>();

  constructor(first?: (event: Event) => void) {
    if (first !== undefined) this.#listeners.add(first);
  }

  /** Gives back how to stop listening. */
  add(listen: (event: Event) => void): () => void {
    this.#listeners.add(listen);
    return () => {
      this.#listeners.delete(listen);
    };
  }

  tell(event: Event): void {
    for (const listen of [...this.#listeners])
      try {
        listen(event);
      } catch (error) {
        // Theirs, not ours: it shows as any uncaught error of theirs, and what we were doing goes on.
        queueMicrotask(() => {
          throw error;
        });
      }
  }
}
