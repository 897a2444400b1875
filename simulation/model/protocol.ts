/** The ingredients of Intent-Journal-Settle. The full protocol has them all; each may be left out to see what it was for. */
export interface Protocol {
  /** The intent is committed to the store before the send, and unfinished ones are taken up again. */
  readonly intent: boolean;
  /** A settle changes the row only where (chain, generation) is what it was computed from. */
  readonly compareAndSet: boolean;
  /** The comparison includes the chain, and nothing crosses from one chain to another. */
  readonly chainCompared: boolean;
  readonly lease: boolean;
  /** The spent parent stays spendable as a fall-back. */
  readonly previousKept: boolean;
  /** Whoever loses the comparison keeps its token as a candidate. */
  readonly candidates: boolean;
  /** The raw answer is on the node's disk before anything else happens to it. */
  readonly journal: boolean;
  /** The intent is in the node's journal too, so that it can be taken up while the store is down. */
  readonly localIntent: boolean;
  /** A refusal is forgotten where the row has moved on since. */
  readonly reread: boolean;
  /** Lease and generation are looked at again right before the send. */
  readonly sendCheck: boolean;
  /** Nobody starts while a request sent under a lease may still be on its way. */
  readonly drain: boolean;
  /** A head that took more than one send is used again while its parent can still step in. */
  readonly confirm: "late" | "early" | "never";
  /** Past the grace a token is not presented until every other node that presented it has merged its journal. */
  readonly pastGraceHold: "every-attempter" | "last-attempter" | "never";
  /** What was sent after the attempt that is settled stays owed, and is asked for again while the parent's grace lasts. */
  readonly laterOwed: boolean;
  /** While the store cannot be asked nothing is sent once somebody else may have taken over. */
  readonly localRetryWithinLease: boolean;
  /** A journaled token is settled through the lease like any other. */
  readonly replayThroughLease: boolean;
}

export const FULL_PROTOCOL: Protocol = {
  intent: true,
  compareAndSet: true,
  chainCompared: true,
  lease: true,
  previousKept: true,
  candidates: true,
  journal: true,
  localIntent: true,
  reread: true,
  sendCheck: true,
  drain: true,
  confirm: "late",
  pastGraceHold: "every-attempter",
  laterOwed: true,
  localRetryWithinLease: true,
  replayThroughLease: true,
};

/** The usual design of other products: take a lock, refresh, UPDATE the row, give up at the first refusal. */
export const LOCK_REFRESH_UPDATE: Protocol = {
  ...FULL_PROTOCOL,
  intent: false,
  compareAndSet: false,
  previousKept: false,
  candidates: false,
  journal: false,
  localIntent: false,
  sendCheck: false,
  drain: false,
  confirm: "never",
  pastGraceHold: "never",
};
