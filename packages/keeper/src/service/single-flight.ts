/** I15 stampede: at most one running piece of work per key; whoever asks meanwhile shares its result. */
export class SingleFlight<Key, Result> {
  readonly #running = new Map<Key, Promise<Result>>();

  run(key: Key, work: () => Promise<Result>): Promise<Result> {
    const running = this.#running.get(key);
    if (running !== undefined) return running;
    const started = work().finally(() => this.#running.delete(key));
    this.#running.set(key, started);
    return started;
  }

  running(key: Key): Promise<Result> | undefined {
    return this.#running.get(key);
  }

  /** Everything that runs now, settled one way or the other. */
  async drain(): Promise<void> {
    await Promise.allSettled(this.#running.values());
  }
}
