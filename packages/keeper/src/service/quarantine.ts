import { EvergrantError, judgeStore } from "@evergrant/core";
import type { Deployment, ReleasedAs } from "../ports/deployment-store.ts";
import type { Provenance } from "../ports/provenance.ts";
import { type Seen, seenNow } from "./journal-told.ts";
import type { Quarantines, QuarantineView } from "./keeper.ts";
import { follows, MetStore, type Strange } from "./met-store.ts";
import { QuarantineNotes } from "./quarantine-notes.ts";
import { QUARANTINE_WORDS } from "./quarantine-words.ts";
import type { ServiceContext } from "./service-context.ts";
import { gatherStoreFacts } from "./store-facts.ts";

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
  readonly #metStore: MetStore;
  readonly #notes: QuarantineNotes;
  #met = false;
  #following: Promise<void> | null = null;
  #meeting: Promise<void> | null = null;

  constructor(context: ServiceContext, parts: Parts) {
    this.#context = context;
    this.#parts = parts;
    this.#metStore = new MetStore(context);
    this.#notes = new QuarantineNotes(context);
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
    if (deployment.quarantine !== null) return this.#notes.shut(deployment, deployment.quarantine.because);
    const hasMoved = await this.#metStore.hasMoved(provenance);
    // Seen between times too: what others reach is remembered for the next request.
    this.#metStore.isBehindForOthers(rows);
    const strange = this.#metStore.strange(deployment, rows);
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
      await this.#notes.holdAll(deployment, gate.hold.because);
      await this.#parts.leaveToOriginal(by);
    }
    const from = deployment.incarnation;
    const to = newIncarnation(chance.bytes(6), from);
    const records = this.#notes.ended(deployment, { as, because: gate.hold.because, incarnation: to }, by);
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
      this.#notes.shut(deployment, deployment.quarantine.because);
      return true;
    }
    if (await this.#metStore.wasReleased(deployment, provenance)) {
      await this.#follow(deployment, provenance);
      return true;
    }
    const verdict = judgeStore(await gatherStoreFacts(this.#context, provenance, deployment));
    if (verdict.kind === "quarantine") {
      await this.#notes.begin(deployment, verdict.because);
      return true;
    }
    // What was put in just now may be gone again: that it is there is seen by who puts in nothing.
    return (await this.#takeUp()) === 0 && (await this.#metStore.settleIn(deployment, provenance, seen));
  }

  async #takeUp(): Promise<number> {
    const { start, lastMoments } = this.#parts.replay;
    const put = await (this.#met ? lastMoments() : start());
    this.#met = true;
    return put;
  }

  // Asked after the intent was committed: where that was written to another store than the one that was met, this tells.
  async #whyNotSpend(): Promise<string | null> {
    const { provenance, store, activity, report } = this.#context;
    if (provenance === null) return null;
    const { deployment, nodes: rows } = await store.deployment.readWithNodes();
    const strange = deployment === undefined ? "deployment" : this.#metStore.strange(deployment, rows);
    if (strange === null) return this.#metStore.isBehindForOthers(rows) ? STRANGE_WORDS.position : null;
    void activity
      .during(() => this.look())
      .catch((error: unknown) => report({ what: "quarantine", subject: strange, error }));
    return STRANGE_WORDS[strange];
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
    return put === 0 && (await this.#metStore.settleIn(deployment, provenance, seen));
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
}

const STRANGE_WORDS: { readonly [What in Strange]: string } = {
  quarantined: "the database is in quarantine",
  deployment: "the database is another deployment's",
  incarnation: "the database is in another incarnation",
  position: "the database has gone back",
};

// 47 random bits: two copies that are both released never share one, and every database keeps it as a plain number.
function newIncarnation(bytes: Uint8Array, before: number): number {
  const drawn = Buffer.from(bytes).readUIntBE(0, 6) % 2 ** 47;
  return drawn > 1 && drawn !== before ? drawn : before + 2;
}
