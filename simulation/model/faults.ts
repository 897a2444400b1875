import type { Ticks } from "./ticks.ts";

/** How often each fault may strike in one history, and for how many ticks it may last. */
export interface Faults {
  /** A node dies in the middle of its work; its disk survives. */
  readonly crash: number;
  /** The provider rotates, and its answer never arrives. */
  readonly lostResponse: number;
  /** A node gives up waiting while its request is still on the way. */
  readonly timeout: number;
  /** The store commits, and the node does not hear of it. */
  readonly lostAcknowledgement: number;
  /** A holder is paused for so long that its lease ends. */
  readonly leaseLost: number;
  /** A holder is paused between its last check and the write to the socket, and its lease ends. */
  readonly pauseInSend: number;
  readonly storeOutage: number;
  readonly storeOutageTicks: number;
  /** Ticks that may pass while a running node has work that it does not do. */
  readonly pauseTicks: number;
  /** Ticks that may pass while a dead node holds something in its journal. */
  readonly downTicks: number;
  /** Ticks that may pass while no node runs. */
  readonly allDownTicks: number;
}

/** Larger than any clock of the model can count to. */
export const UNBOUNDED = 255;

export const NO_FAULTS: Faults = {
  crash: 0,
  lostResponse: 0,
  timeout: 0,
  lostAcknowledgement: 0,
  leaseLost: 0,
  pauseInSend: 0,
  storeOutage: 0,
  storeOutageTicks: 0,
  pauseTicks: 0,
  downTicks: UNBOUNDED,
  allDownTicks: 0,
};

export type FaultName =
  | "none"
  | "crash"
  | "lost response"
  | "two lost responses"
  | "timeout"
  | "lost acknowledgement"
  | "lease lost in a pause"
  | "pause in send"
  | "outage beyond the grace";

type FaultTable<Name extends string> = { readonly [N in Name]: (ticks: Ticks) => Faults };

/** One fault each. Pauses last as long as the protocol tolerates, outages longer than the grace. */
export const SINGLE_FAULTS: FaultTable<FaultName> = {
  none: () => NO_FAULTS,
  crash: () => ({ ...NO_FAULTS, crash: 1 }),
  "lost response": () => ({ ...NO_FAULTS, lostResponse: 1 }),
  "two lost responses": () => ({ ...NO_FAULTS, lostResponse: 2 }),
  timeout: () => ({ ...NO_FAULTS, timeout: 1 }),
  "lost acknowledgement": () => ({ ...NO_FAULTS, lostAcknowledgement: 1 }),
  "lease lost in a pause": ({ pause }) => ({ ...NO_FAULTS, leaseLost: 1, pauseTicks: pause }),
  "pause in send": ({ pause }) => ({ ...NO_FAULTS, pauseInSend: 1, pauseTicks: pause }),
  "outage beyond the grace": (ticks) => ({ ...NO_FAULTS, ...outage(ticks) }),
};

export type FaultPairName =
  | "two crashes"
  | "crash + lost response"
  | "crash + timeout"
  | "crash + lease lost"
  | "timeout + lease lost"
  | "lost acknowledgement + lease lost"
  | "lost response + outage"
  | "crash + outage";

/**
 * Two faults in one history. With an outage, a node that dies with something in its journal is back within a tick.
 * A pause between check and send has no partner: a tick is minutes, and a recovery after such a pause comes too late for the
 * confirm window as this clock counts it. So the model says nothing about those pairs.
 */
export const FAULT_PAIRS: FaultTable<FaultPairName> = {
  "two crashes": () => ({ ...NO_FAULTS, crash: 2 }),
  "crash + lost response": () => ({ ...NO_FAULTS, crash: 1, lostResponse: 1 }),
  "crash + timeout": () => ({ ...NO_FAULTS, crash: 1, timeout: 1 }),
  "crash + lease lost": () => ({ ...NO_FAULTS, crash: 1, leaseLost: 1 }),
  "timeout + lease lost": () => ({ ...NO_FAULTS, timeout: 1, leaseLost: 1 }),
  "lost acknowledgement + lease lost": () => ({ ...NO_FAULTS, lostAcknowledgement: 1, leaseLost: 1, pauseTicks: 1 }),
  "lost response + outage": (ticks) => ({ ...NO_FAULTS, lostResponse: 1, ...outage(ticks) }),
  "crash + outage": (ticks) => ({ ...NO_FAULTS, crash: 1, downTicks: 1, ...outage(ticks) }),
};

function outage(ticks: Ticks): Pick<Faults, "storeOutage" | "storeOutageTicks"> {
  return { storeOutage: 1, storeOutageTicks: ticks.grace + 3 };
}
