/** How long the store waits for a database, in milliseconds, and how many connections it may hold. */
export interface PostgresLimits {
  /** For a connection: a new one, or one that others use at the moment. */
  readonly connectMs: number;
  /** The server ends a statement that takes longer. */
  readonly statementMs: number;
  /** The server ends a transaction that nothing is asked in: of a node that was frozen, so that its locks go. */
  readonly idleInTransactionMs: number;
  /** Without an answer by then the connection is given up: a commit that hangs counts as one whose acknowledgement was lost. */
  readonly answerMs: number;
  /** How often all hosts are asked who the primary is, where there are several. */
  readonly lookAgainMs: number;
  /** Connections of one node at once. */
  readonly connections: number;
}

/** Far below the life of a lease, far above what a healthy database needs. The server gives up before we do, so that it can say so. */
export const POSTGRES_LIMITS: PostgresLimits = {
  connectMs: 5_000,
  statementMs: 5_000,
  idleInTransactionMs: 10_000,
  answerMs: 7_000,
  lookAgainMs: 2_000,
  connections: 10,
};

/** For steps of the migration line, which may rewrite a large table. */
export function unhurried(limits: PostgresLimits): PostgresLimits {
  const hourMs = 3_600_000;
  return { ...limits, statementMs: hourMs, idleInTransactionMs: hourMs, answerMs: hourMs };
}
