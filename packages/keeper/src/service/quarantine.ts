import {
  type AuditFacts,
  concernsAllNodes,
  EvergrantError,
  judgeStore,
  type QuarantineReason,
  type StoreIdentity,
} from "@evergrant/core";
import type { Deployment, ReleasedAs } from "../ports/deployment-store.ts";
import type { NodeRow } from "../ports/node-store.ts";
import type { Provenance } from "../ports/provenance.ts";
import type { AuditSubject, Records } from "../ports/records.ts";
import { type Seen, seenNow, tellOfJournal } from "./journal-told.ts";
import type { Quarantines, QuarantineView } from "./keeper.ts";
import { OthersRows } from "./others-rows.ts";
import { QUARANTINE_WORDS } from "./quarantine-words.ts";
import type { ServiceContext } from "./service-context.ts";
import { gatherStoreFacts, identityOf } from "./store-facts.ts";

/** How many answers the store has now that it did not have. */
type Replay = () => Promise<number>;

interface Parts {
  /** Puts what the journal holds into the store: what a start takes up, the last moments, or all of it. */
  readonly replay: { readonly [What in "start" | "lastMoments" | "everything"]: Replay };
  /** Leaves every grant that lives by single-use tokens to the store that this one was copied from. */
  readonly leaveToOriginal: (by: string) => Promise<void>;
  readonly onOpened: () => void;
}

/**
 * Recognises a store that was put back from a backup or copied, by holding what the node remembers against it, and keeps the node
 * from spending until an operator has said which. Decides nothing itself: `judgeStore` does.
 */
export class Quarantine implements Quarantines {
  readonly #context: ServiceContext;
  readonly #parts: Parts;
  readonly #others: OthersRows;
  #known: StoreIdentity | null = null;
  #met = false;
  #following: Promise<void> | null = null;
  #meeting: Promise<void> | null = null;

  constructor(context: ServiceContext, parts: Parts) {
    this.#context = context;
    this.#parts = parts;
    this.#others = new OthersRows(context.limits.leaseMs);
    context.gate.look = () => this.#whyNotSpend();
  }

  /** Holds the journal against the store: at start, when it was away, when it went back. What it lost of late is made good. */
  async meet(): Promise<void> {
    const { provenance } = this.#context;
    if (provenance === null) return void (await this.#takeUp());
    this.#meeting ??= this.#meetUntilWhole(provenance).finally(() => {
      this.#meeting = null;
      this.#context.gate.isMending = false;
    });
    await this.#meeting;
  }

  /** Whether the store is still the one that was met, and what others found out about it. */
  async look(): Promise<void> {
    const { provenance, store, gate } = this.#context;
    if (provenance === null || this.#following !== null) return;
    const { deployment, nodes: rows } = await store.deployment.readWithNodes();
    if (deployment === undefined) return;
    if (gate.hold !== null) {
      if (follows(deployment, gate.hold)) await this.#follow(deployment, provenance);
      return;
    }
    if (deployment.quarantine !== null) return this.#shut(deployment, deployment.quarantine.because);
    const hasMoved = await this.#hasMoved(provenance);
    // Seen between times too: what others reach is remembered for the next request.
    this.#othersBehind(rows);
    const strange = this.#strange(deployment, rows);
    if (strange === null && !hasMoved) return;
    gate.isMending ||= strange === "position";
    await this.meet();
  }

  async view(): Promise<QuarantineView> {
    const { store, gate, node } = this.#context;
    const deployment = await store.deployment.read();
    const { hold } = gate;
    return {
      state: hold === null ? "none" : hold.merging ? "merging" : "held",
      sinceMs: hold?.sinceMs ?? null,
      because: (hold?.because ?? []).map((reason) => ({ reason, found: QUARANTINE_WORDS[reason] })),
      node,
      deployment: deployment?.id ?? "",
      incarnation: deployment?.incarnation ?? 0,
      released: deployment?.released ?? null,
    };
  }

  /** @throws quarantine_not_begun · journal_foreign where the store is another deployment's: no word makes that ours */
  async release(as: ReleasedAs, by: string): Promise<QuarantineView> {
    const { store, gate, provenance, chance, time } = this.#context;
    const deployment = await store.deployment.read();
    if (provenance === null || gate.hold === null || gate.hold.merging || deployment === undefined)
      throw new EvergrantError("quarantine_not_begun");
    if (gate.hold.because.includes("other-deployment"))
      throw new EvergrantError("journal_foreign", { detail: `the store belongs to ${deployment.id}` });
    if (as === "cloned") {
      // Whatever it was that made this node ask: no other may spend while the grants are gone through.
      await this.#holdAll(deployment, gate.hold.because);
      await this.#parts.leaveToOriginal(by);
    }
    const from = deployment.incarnation;
    const to = newIncarnation(chance.bytes(6), from);
    const facts = { as, because: gate.hold.because.join(" "), incarnation: to };
    const records = this.#records(deployment, { event: "quarantine-ended", facts }, by);
    // Somebody else may have spoken at the same moment: his word is found by looking.
    await store.deployment.release({ as, from, to, atMs: time.wallMs() }, records);
    void this.look().catch((error: unknown) => this.#context.report({ what: "quarantine", subject: as, error }));
    return await this.view();
  }

  // A store may go back, and once more, while the journal is held against it: what was found there before counts for nothing then.
  async #meetUntilWhole(provenance: Provenance): Promise<void> {
    while (!(await this.#meet(provenance, await seenNow(this.#context, provenance))));
  }

  /** Whether that is all: the store is whole, or in quarantine. */
  async #meet(provenance: Provenance, seen: Seen): Promise<boolean> {
    const { store, gate } = this.#context;
    const deployment = await store.deployment.read();
    if (deployment === undefined || gate.hold !== null) return true;
    if (deployment.quarantine !== null) {
      this.#shut(deployment, deployment.quarantine.because);
      return true;
    }
    if (await this.#wasReleased(deployment, provenance)) {
      await this.#follow(deployment, provenance);
      return true;
    }
    const verdict = judgeStore(await gatherStoreFacts(this.#context, provenance, deployment));
    if (verdict.kind === "quarantine") {
      await this.#begin(deployment, verdict.because);
      return true;
    }
    // What was put in just now may be gone again: that it is there is seen by who puts in nothing.
    return (await this.#takeUp()) === 0 && (await this.#settleIn(deployment, provenance, seen));
  }

  // Others went through a quarantine while this node was away or between two looks, on the very store that it works on.
  async #wasReleased(deployment: Deployment, provenance: Provenance): Promise<boolean> {
    return this.#known !== null && follows(deployment, this.#known) && !(await this.#hasMoved(provenance));
  }

  async #hasMoved(provenance: Provenance): Promise<boolean> {
    const before = this.#known?.server ?? null;
    const server = await provenance.server();
    return before !== null && server !== null && server !== before;
  }

  async #takeUp(): Promise<number> {
    const { start, lastMoments } = this.#parts.replay;
    const put = await (this.#met ? lastMoments() : start());
    this.#met = true;
    return put;
  }

  // Told to the store last: until then a crash finds it as far behind as it was. False where it went back meanwhile.
  async #settleIn(deployment: Deployment, provenance: Provenance, seen: Seen): Promise<boolean> {
    const { store, node } = this.#context;
    const { incarnation } = deployment;
    const rows = await store.nodes.list();
    if (this.#strange(deployment, rows) === null)
      provenance.acknowledge(rows.find((row) => row.node === node)?.journalPosition ?? 0);
    else if (!(await tellOfJournal(this.#context, provenance, { seen, incarnation }))) return false;
    const identity = await identityOf(deployment, provenance);
    const before = await provenance.remembered();
    if (before === null || !isSame(before, identity)) await provenance.remember(identity);
    this.#known = identity;
    return true;
  }

  // Asked after the intent was committed: where that was written to another store than the one that was met, this tells.
  async #whyNotSpend(): Promise<string | null> {
    const { provenance, store, activity, report } = this.#context;
    if (provenance === null) return null;
    const { deployment, nodes: rows } = await store.deployment.readWithNodes();
    const strange = deployment === undefined ? "deployment" : this.#strange(deployment, rows);
    if (strange === null) return this.#othersBehind(rows) ? STRANGE_WORDS.position : null;
    void activity
      .during(() => this.look())
      .catch((error: unknown) => report({ what: "quarantine", subject: strange, error }));
    return STRANGE_WORDS[strange];
  }

  #othersBehind(rows: readonly NodeRow[]): boolean {
    const { node, time } = this.#context;
    return this.#others.areBehind(node, rows, time.monotonicMs());
  }

  #strange(deployment: Deployment, rows: readonly NodeRow[]): Strange | null {
    const { node, provenance } = this.#context;
    if (deployment.quarantine !== null) return "quarantined";
    const row = rows.find((each) => each.node === node);
    if (this.#known?.deployment !== deployment.id) return "deployment";
    if (row === undefined || row.journalPosition < (provenance?.mark().acknowledged ?? 0)) return "position";
    return this.#known.incarnation === deployment.incarnation ? null : "incarnation";
  }

  async #begin(deployment: Deployment, because: readonly QuarantineReason[]): Promise<void> {
    this.#shut(deployment, because);
    await this.#note(deployment, because).catch((error: unknown) =>
      this.#context.report({ what: "quarantine", subject: because.join(" "), error }),
    );
  }

  #shut(deployment: Deployment, because: readonly QuarantineReason[]): void {
    const { gate, time, report } = this.#context;
    gate.shut({ because, sinceMs: time.wallMs(), incarnation: deployment.incarnation, merging: false });
    report({ what: "quarantine", subject: because.join(" "), error: new EvergrantError("store_quarantined") });
  }

  // In the store where it concerns every node that works on it; nothing is written to a store that is another deployment's.
  async #note(deployment: Deployment, because: readonly QuarantineReason[]): Promise<void> {
    if (because.includes("other-deployment")) return;
    if (because.some(concernsAllNodes)) await this.#holdAll(deployment, because);
    else await this.#context.store.audit.write(this.#begun(deployment, because));
  }

  async #holdAll(deployment: Deployment, because: readonly QuarantineReason[]): Promise<void> {
    const { store, node, time } = this.#context;
    const found = { because, node, sinceMs: time.wallMs() };
    await store.deployment.quarantine(deployment.incarnation, found, this.#begun(deployment, because));
  }

  #begun(deployment: Deployment, because: readonly QuarantineReason[]): Records {
    const facts = { because: because.join(" "), node: this.#context.node };
    return this.#records(deployment, { event: "quarantine-begun", facts }, "keeper");
  }

  #follow(deployment: Deployment, provenance: Provenance): Promise<void> {
    this.#following ??= this.#context.activity
      .during(() => this.#merge(deployment, provenance))
      .catch((error: unknown) => this.#context.report({ what: "quarantine", subject: "merge", error }))
      .finally(() => {
        this.#following = null;
      });
    return this.#following;
  }

  // Journals first, then spending: a head that another node's journal has a successor of must not be sent.
  async #merge(deployment: Deployment, provenance: Provenance): Promise<void> {
    const { gate, time } = this.#context;
    const hold = gate.hold ?? { because: [], sinceMs: time.wallMs(), incarnation: deployment.released?.from ?? 0 };
    gate.shut({ ...hold, merging: true });
    while (!(await this.#mergeInto(deployment, provenance, await seenNow(this.#context, provenance))));
    if (deployment.released?.as === "restored") await this.#othersMerged(deployment.incarnation);
    this.#met = true;
    gate.open();
    this.#parts.onOpened();
  }

  async #mergeInto(deployment: Deployment, provenance: Provenance, seen: Seen): Promise<boolean> {
    const put = deployment.released?.as === "restored" ? await this.#parts.replay.everything() : 0;
    return put === 0 && (await this.#settleIn(deployment, provenance, seen));
  }

  // A node that is up says so by its row; one that is gone is waited for as long as a lease would be.
  async #othersMerged(incarnation: number): Promise<void> {
    const { store, shared, time, limits } = this.#context;
    if (shared === null) return;
    const untilMs = time.monotonicMs() + limits.leaseMs;
    while (time.monotonicMs() < untilMs) {
      const rows = await store.nodes.list();
      if (rows.every((row) => row.incarnation === incarnation)) return;
      await new Promise<void>((resolve) => void shared.pace.setTimer(limits.marginMs / 4, resolve));
    }
  }

  #records(deployment: Deployment, told: AuditFacts & { event: QuarantineEvent }, by: string): Records {
    const subject: AuditSubject = { kind: "deployment", id: deployment.id };
    const atMs = this.#context.time.wallMs();
    return {
      audit: [{ ...told, subject, atMs, by }],
      notices: [{ notice: told.event, subject, atMs, facts: told.facts }],
    };
  }
}

type QuarantineEvent = "quarantine-begun" | "quarantine-ended";

/** What of a store is not as it was when it was met. */
type Strange = "quarantined" | "deployment" | "incarnation" | "position";

const STRANGE_WORDS: { readonly [What in Strange]: string } = {
  quarantined: "the database is in quarantine",
  deployment: "the database is another deployment's",
  incarnation: "the database is in another incarnation",
  position: "the database has gone back",
};

/** Whether an operator ended the very incarnation that was met. */
function follows({ incarnation, released }: Deployment, met: { readonly incarnation: number }): boolean {
  return released?.from === met.incarnation && incarnation !== met.incarnation;
}

function isSame(a: StoreIdentity, b: StoreIdentity): boolean {
  return a.deployment === b.deployment && a.incarnation === b.incarnation && a.server === b.server;
}

// 47 random bits: two copies that are both released never share one, and every database keeps it as a plain number.
function newIncarnation(bytes: Uint8Array, before: number): number {
  const drawn = Buffer.from(bytes).readUIntBE(0, 6) % 2 ** 47;
  return drawn > 1 && drawn !== before ? drawn : before + 2;
}
