/** Some rows of one table, as the database has them: texts, numbers and nothing else. */
export interface ArchivedRows {
  readonly table: string;
  readonly rows: readonly Readonly<Record<string, string | number | null>>[];
}

/** A store whole, as it is at one moment: for copies that outlive it. */
export interface Archive {
  /** Which steps of the schema the store has taken. */
  steps(): Promise<readonly string[]>;
  /** Every row that a copy has to hold, all of one moment, a table after the other; writers are not kept waiting. */
  rows(): AsyncIterable<ArchivedRows>;
  /**
   * Puts rows into a store that holds nothing, all or none. The deployment is in quarantine then: whatever was spent since the copy was made
   * is not known here. @throws store_not_empty
   */
  fill(rows: AsyncIterable<ArchivedRows>, atMs: number): Promise<void>;
}
