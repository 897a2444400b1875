/** Endpoints at which a fault can be placed. */
export const FAULT_ENDPOINTS = ["token", "connections", "api", "authorize", "revocation"] as const;
export const FAULT_POINTS = ["before-commit", "after-commit-before-headers", "mid-body"] as const;
export type FaultEndpoint = (typeof FAULT_ENDPOINTS)[number];
export type FaultPoint = (typeof FAULT_POINTS)[number];

export type FaultAction =
  /** The connection is closed without a (whole) answer. */
  | { readonly kind: "drop" }
  /** Real time passes, then things go on. */
  | { readonly kind: "stall"; readonly ms: number }
  | { readonly kind: "html"; readonly status: number }
  | { readonly kind: "status"; readonly status: number; readonly retryAfterSeconds?: number | undefined }
  | { readonly kind: "malformed-json" };

export interface FaultPlan {
  readonly endpoint: FaultEndpoint;
  readonly grantType?: string | undefined;
  readonly clientId?: string | undefined;
  /** Skips the matching requests before this one (1: none). */
  readonly nth?: number | undefined;
  /** How many requests it hits (1 if not given). */
  readonly times?: number | undefined;
  readonly point: FaultPoint;
  readonly action: FaultAction;
}

export interface Fault extends FaultPlan {
  readonly id: string;
  readonly seen: number;
  readonly hits: number;
}

export interface FaultSubject {
  readonly endpoint: string;
  readonly grantType: string | null;
  readonly clientId: string | null;
}

/** The placed faults. */
export interface Faults {
  place(plan: FaultPlan): Fault;
  /** Counts a request and gives the fault that hits it, if one does. */
  take(subject: FaultSubject): Fault | null;
  list(): readonly Fault[];
  clear(): void;
}

export function createFaults(): Faults {
  let placed: readonly Fault[] = [];
  let count = 0;
  return {
    place(plan) {
      count += 1;
      const fault = { ...plan, id: `fault-${count}`, seen: 0, hits: 0 };
      placed = [...placed, fault];
      return fault;
    },
    take(subject) {
      let taken: Fault | null = null;
      placed = placed.map((fault) => {
        if (!matches(fault, subject)) return fault;
        const seen = fault.seen + 1;
        const hit = taken === null && seen >= (fault.nth ?? 1) && fault.hits < (fault.times ?? 1);
        const next = { ...fault, seen, hits: fault.hits + (hit ? 1 : 0) };
        if (hit) taken = next;
        return next;
      });
      return taken;
    },
    list: () => placed,
    clear: () => {
      placed = [];
    },
  };
}

const matches = (fault: Fault, subject: FaultSubject): boolean =>
  fault.endpoint === subject.endpoint &&
  (fault.grantType === undefined || fault.grantType === subject.grantType) &&
  (fault.clientId === undefined || fault.clientId.toUpperCase() === subject.clientId?.toUpperCase());
