/** A place in a list that is ordered by instant and id: after the row of these. It stays where it is, whatever is added or taken away. */
export interface ListPlace {
  readonly atMs: number;
  readonly id: string;
}
