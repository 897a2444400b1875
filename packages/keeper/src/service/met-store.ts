import type { StoreIdentity } from "@evergrant/core";
import type { Deployment } from "../ports/deployment-store.ts";
import type { NodeRow } from "../ports/node-store.ts";
import type { Provenance } from "../ports/provenance.ts";
import { type Seen, tellOfJournal } from "./journal-told.ts";
import { OthersRows } from "./others-rows.ts";
import type { ServiceContext } from "./service-context.ts";
import { identityOf } from "./store-facts.ts";

/** What of a store is not as it was when it was met. */
export type Strange = "quarantined" | "deployment" | "incarnation" | "position";

/** The store as this node met it last: what is asked of it later is held against that. */
export class MetStore {
  readonly #context: ServiceContext;
  readonly #others: OthersRows;
  #known: StoreIdentity | null = null;

  constructor(context: ServiceContext) {
    this.#context = context;
    this.#others = new OthersRows(context.limits.leaseMs);
  }

  /** What this node itself finds strange of it; null: it is the one that was met. */
  strange(deployment: Deployment, rows: readonly NodeRow[]): Strange | null {
    const { node, provenance } = this.#context;
    if (deployment.quarantine !== null) return "quarantined";
    const row = rows.find((each) => each.node === node);
    if (this.#known?.deployment !== deployment.id) return "deployment";
    if (row === undefined || row.journalPosition < (provenance?.mark().acknowledged ?? 0)) return "position";
    return this.#known.incarnation === deployment.incarnation ? null : "incarnation";
  }

  /** Whether another node has reason to find it strange, and may still say so. */
  isBehindForOthers(rows: readonly NodeRow[]): boolean {
    const { node, time } = this.#context;
    return this.#others.areBehind(node, rows, time.monotonicMs());
  }

  async hasMoved(provenance: Provenance): Promise<boolean> {
    const before = this.#known?.server ?? null;
    const server = await provenance.server();
    return before !== null && server !== null && server !== before;
  }

  /** Whether others went through a quarantine while this node was away or between two looks, on the very store that it works on. */
  async wasReleased(deployment: Deployment, provenance: Provenance): Promise<boolean> {
    return this.#known !== null && follows(deployment, this.#known) && !(await this.hasMoved(provenance));
  }

  /** Told to the store last: until then a crash finds it as far behind as it was. False where it went back meanwhile. */
  async settleIn(deployment: Deployment, provenance: Provenance, seen: Seen): Promise<boolean> {
    const { store, node } = this.#context;
    const { incarnation } = deployment;
    const rows = await store.nodes.list();
    if (this.strange(deployment, rows) === null)
      provenance.acknowledge(rows.find((row) => row.node === node)?.journalPosition ?? 0);
    else if (!(await tellOfJournal(this.#context, provenance, { seen, incarnation }))) return false;
    const identity = await identityOf(deployment, provenance);
    const before = await provenance.remembered();
    if (before === null || !isSame(before, identity)) await provenance.remember(identity);
    this.#known = identity;
    return true;
  }
}

/** Whether an operator ended the very incarnation that was met. */
export function follows({ incarnation, released }: Deployment, met: { readonly incarnation: number }): boolean {
  return released?.from === met.incarnation && incarnation !== met.incarnation;
}

function isSame(a: StoreIdentity, b: StoreIdentity): boolean {
  return a.deployment === b.deployment && a.incarnation === b.incarnation && a.server === b.server;
}
