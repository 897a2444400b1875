import pg from "pg";

/** When an exchange with the database was cut off: before `committing`, nothing of it was done. */
type Moment = "connecting" | "asking" | "committing";

/** The database did not answer. While committing, the transaction may have been done all the same. */
export class PostgresAway extends Error {
  override readonly name = "PostgresAway";
  readonly moment: Moment;
  /** The connection ended, so that another may be better; false when nothing came in time. */
  readonly ended: boolean;

  constructor(moment: Moment, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.moment = moment;
    this.ended = !(cause instanceof Error && /timeout/i.test(cause.message));
  }
}

/** The five characters by which Postgres names an error; null for an error that it did not send. */
export function sqlState(error: unknown): string | null {
  return error instanceof pg.DatabaseError ? (error.code ?? null) : null;
}

// https://www.postgresql.org/docs/18/errcodes-appendix.html: the classes and codes that speak of the server, not of a statement.
const AWAY_CLASSES = new Set(["08", "28", "3D", "53", "57", "58", "F0", "XX"]);
const AWAY = new Set([
  /* read_only_sql_transaction */ "25006",
  /* idle_in_transaction_session_timeout */ "25P03",
  /* transaction_timeout */ "25P04",
  /* statement_completion_unknown */ "40003",
  /* lock_not_available */ "55P03",
]);
const CONFLICTS = new Set([/* serialization_failure */ "40001", /* deadlock_detected */ "40P01"]);

/** Whether it says that the database does not answer, not that a statement or its values were wrong. */
export function isAway(error: unknown): boolean {
  if (error instanceof PostgresAway) return true;
  const state = sqlState(error);
  return state !== null && (AWAY_CLASSES.has(state.slice(0, 2)) || AWAY.has(state) || CONFLICTS.has(state));
}

/** Whether nothing was done, and doing it once more at once may go better: another's lock, or a connection that had died. */
export function mayGoBetter(error: unknown): boolean {
  if (error instanceof PostgresAway) return error.moment === "asking" && error.ended;
  const state = sqlState(error);
  return state !== null && CONFLICTS.has(state);
}

/** Whether the connection is of no use after this error. */
export function endsConnection(error: unknown): boolean {
  // A value that could not be read is an answer all the same.
  if (error instanceof RangeError) return false;
  if (!(error instanceof pg.DatabaseError)) return true;
  return error.severity === "FATAL" || error.severity === "PANIC" || error.code === "25006";
}
