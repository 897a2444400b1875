import type { FaultAction, FaultEndpoint, FaultMethod, FaultPoint } from "./fault-table.ts";

export interface FaultPlan {
  readonly endpoint: FaultEndpoint;
  readonly grantType?: string | undefined;
  readonly clientId?: string | undefined;
  readonly userId?: string | undefined;
  readonly grantId?: string | undefined;
  readonly organisationId?: string | undefined;
  readonly method?: FaultMethod | undefined;
  /** How the path begins. */
  readonly path?: string | undefined;
  /** Skips the matching exchanges before this one (1: none). */
  readonly nth?: number | undefined;
  /** How many it hits; null: until it is removed. 1 if not given, or null with a probability. */
  readonly times?: number | null | undefined;
  /** The chance of each matching exchange to be hit; drawn from the sandbox's seed. */
  readonly probability?: number | undefined;
  readonly point: FaultPoint;
  readonly action: FaultAction;
}

export interface Fault extends FaultPlan {
  readonly id: string;
  /** How many exchanges matched, and how many of them it hit. */
  readonly seen: number;
  readonly hits: number;
}

/** Whose token, code or login an exchange is about, as far as the ledger knows. */
export interface Whose {
  readonly userId: string | null;
  readonly grantId: string | null;
  readonly organisationId: string | null;
}

export const nobodys: Whose = { userId: null, grantId: null, organisationId: null };

export interface FaultSubject {
  readonly endpoint: string;
  readonly grantType: string | null;
  readonly clientId: string | null;
  readonly method: string;
  readonly path: string;
  /** Asked only if a placed fault wants to know. */
  whose(): Whose;
}

/** What a snapshot keeps of the placed faults. */
export interface PlacedFaults {
  readonly placed: readonly Fault[];
  /** How many were placed so far. */
  readonly count: number;
}

/** The placed faults. */
export interface Faults {
  place(plan: FaultPlan): Fault;
  /** Counts an exchange and gives the fault that hits it, if one does. */
  take(subject: FaultSubject): Fault | null;
  list(): readonly Fault[];
  /** false: there is no such fault. */
  remove(id: string): boolean;
  clear(): void;
  /** Another number after every change. */
  revision(): number;
  all(): PlacedFaults;
  replace(faults: PlacedFaults): void;
}

/** `draw` gives a number in [0, 1) that follows from the label alone. */
export function createFaults(draw: (label: string) => number): Faults {
  let placed: readonly Fault[] = [];
  let count = 0;
  let revision = 0;
  const put = (changed: readonly Fault[]) => {
    placed = changed;
    revision += 1;
  };
  return {
    place(plan) {
      count += 1;
      const fault = { ...plan, id: `fault-${count}`, seen: 0, hits: 0 };
      put([...placed, fault]);
      return fault;
    },
    take(subject) {
      let taken: Fault | null = null;
      const changed = placed.map((fault) => {
        if (!matches(fault, subject)) return fault;
        const seen = fault.seen + 1;
        const hit = taken === null && strikes({ ...fault, seen }, draw);
        const next = { ...fault, seen, hits: fault.hits + (hit ? 1 : 0) };
        if (hit) taken = next;
        return next;
      });
      if (changed.some((fault, index) => fault !== placed[index])) put(changed);
      return taken;
    },
    list: () => placed,
    remove(id) {
      const found = placed.some((fault) => fault.id === id);
      put(placed.filter((fault) => fault.id !== id));
      return found;
    },
    clear: () => put([]),
    revision: () => revision,
    all: () => ({ placed, count }),
    replace(faults) {
      count = faults.count;
      put(faults.placed);
    },
  };
}

function matches(fault: Fault, subject: FaultSubject): boolean {
  return (
    fault.endpoint === subject.endpoint &&
    (fault.grantType === undefined || fault.grantType === subject.grantType) &&
    sameOrUnnamed(fault.clientId, subject.clientId) &&
    sameOrUnnamed(fault.method, subject.method) &&
    (fault.path === undefined || subject.path.toLowerCase().startsWith(fault.path.toLowerCase())) &&
    fitsWhose(fault, subject)
  );
}

function fitsWhose(fault: Fault, subject: FaultSubject): boolean {
  if ((fault.userId ?? fault.grantId ?? fault.organisationId) === undefined) return true;
  const whose = subject.whose();
  return (
    sameOrUnnamed(fault.userId, whose.userId) &&
    sameOrUnnamed(fault.grantId, whose.grantId) &&
    sameOrUnnamed(fault.organisationId, whose.organisationId)
  );
}

const sameOrUnnamed = (wanted: string | undefined, given: string | null): boolean =>
  wanted === undefined || wanted.toUpperCase() === given?.toUpperCase();

function strikes(fault: Fault, draw: (label: string) => number): boolean {
  const { id, seen, hits, nth = 1, probability } = fault;
  const times = fault.times === undefined ? (probability === undefined ? 1 : null) : fault.times;
  if (seen < nth || (times !== null && hits >= times)) return false;
  return probability === undefined || draw(`${id}:${seen}`) < probability;
}
