import { EvergrantError, type NodeId } from "@evergrant/core";
import type { Deployment } from "../ports/deployment-store.ts";
import type { KeyCustody } from "../ports/key-custody.ts";
import type { NodeReport } from "../ports/node-store.ts";
import type { Records } from "../ports/records.ts";
import { KEY_OWNERS } from "../ports/wrapped-key-store.ts";
import type { Keys, KeysView } from "./keys.ts";
import type { NodeReports } from "./node-reports.ts";
import type { Reseal } from "./reseal.ts";
import type { ServiceContext } from "./service-context.ts";
import { pause } from "./waiting.ts";

const COUNTED_AT_MOST = 10_000;
/** A node that has said nothing for so many leases is not up; what its journal needs counts all the same. */
const SILENT_LEASES = 5;

/** Key-encryption keys as operators see them. Which one is the primary stands in the store, so that all nodes wrap by the same. */
export class KeyDesk implements Keys {
  readonly #context: ServiceContext;
  readonly #reports: NodeReports;
  readonly #reseal: Reseal;

  constructor(context: ServiceContext, parts: { reports: NodeReports; reseal: Reseal }) {
    this.#context = context;
    this.#reports = parts.reports;
    this.#reseal = parts.reseal;
  }

  async list(): Promise<KeysView> {
    const { store } = this.#context;
    const { primary } = await this.#custody().held();
    const reports = await this.#standing();
    const ids = new Set(reports.flatMap(({ keys }) => [...keys.ring, ...keys.journal]));
    const left = await Promise.all(
      KEY_OWNERS.map((kind) => store.wrappedKeys.countNotWrappedBy(primary, kind, COUNTED_AT_MOST)),
    );
    const having = (of: (report: NodeReport) => readonly string[], id: string): NodeId[] =>
      reports.filter((report) => of(report).includes(id)).map(({ node }) => node);
    return {
      keys: [...ids].sort().map((id) => ({
        ...{ id, primary: id === primary },
        nodes: having(({ keys }) => keys.ring, id),
        journals: having(({ keys }) => keys.journal, id),
      })),
      reseal: {
        ...this.#reseal.progress,
        left: Math.min(
          COUNTED_AT_MOST,
          left.reduce((sum, each) => sum + each, 0),
        ),
      },
    };
  }

  async rotate(to: string | null, by: string): Promise<KeysView> {
    const custody = this.#custody();
    this.#context.gate.requireOpen();
    await custody.reload();
    const id = to ?? (await custody.make());
    if (id === null) throw new EvergrantError("key_source_fixed");
    if (!(await custody.held()).ring.includes(id)) throw new EvergrantError("key_unknown");
    await this.#reports.tell();
    const lacking = await this.#nodesWithout(id);
    if (lacking.length > 0)
      throw new EvergrantError("key_not_everywhere", { detail: `${id} is not yet at ${lacking.join(", ")}` });
    const deployment = await this.#deployment();
    await this.#context.store.deployment.setPrimaryKey(
      deployment.primaryKey ?? null,
      id,
      this.#records("key-rotated", id, by),
    );
    await this.look();
    return await this.list();
  }

  async retire(id: string, by: string): Promise<KeysView> {
    const { store } = this.#context;
    const custody = this.#custody();
    const { ring } = await custody.held();
    if (!ring.includes(id)) throw new EvergrantError("key_unknown");
    await this.#reports.tell();
    const needed = await this.#whyNeeded(id, custody);
    if (needed !== null) throw new EvergrantError("key_in_use", { detail: needed });
    await custody.drop(id);
    await store.audit.write(this.#records("key-retired", id, by));
    await this.#reports.tell();
    return await this.list();
  }

  /** Follows the primary that stands in the store; what is still wrapped by another is wrapped anew behind. */
  async look(): Promise<void> {
    const { custody, report } = this.#context;
    if (custody === null) return;
    // Where nodes share a key file, or it was brought to them, they say so without being asked.
    await custody.reload();
    const { primaryKey } = await this.#deployment();
    const { primary } = await custody.held();
    if (primaryKey == null || primaryKey === primary) return;
    if (!custody.usePrimary(primaryKey))
      return report({ what: "keys", subject: primaryKey, error: new EvergrantError("key_unknown") });
    await this.#reports.tell();
    this.#reseal.begin();
  }

  // Nodes that share the source find a new key by looking; they are given the time that takes.
  async #nodesWithout(id: string): Promise<readonly NodeId[]> {
    const { time, limits } = this.#context;
    const untilMs = time.monotonicMs() + limits.callerWaitMs;
    for (;;) {
      const lacking = (await this.#alive()).filter(({ keys }) => !keys.ring.includes(id)).map(({ node }) => node);
      if (lacking.length === 0 || time.monotonicMs() >= untilMs) return lacking;
      await pause(this.#context, limits.marginMs / 10);
    }
  }

  async #whyNeeded(id: string, custody: KeyCustody): Promise<string | null> {
    const { store } = this.#context;
    const reports = await this.#standing();
    const primaryAt = (await this.#alive()).filter(({ keys }) => keys.primary === id).map(({ node }) => node);
    if (primaryAt.length > 0) return `it is the primary at ${primaryAt.join(", ")}`;
    const deployment = await this.#deployment();
    if (custody.keyIdOf(deployment.keyCheck) === id) return "the key-check value is wrapped by it";
    for (const kind of KEY_OWNERS) {
      const { primary } = await custody.held();
      // While anything is wrapped by another key than the primary it may be this one.
      if ((await store.wrappedKeys.countNotWrappedBy(primary, kind, 1)) > 0)
        return `keys of ${kind}s wait to be wrapped anew`;
    }
    const journals = reports.filter(({ keys }) => keys.journal.includes(id)).map(({ node }) => node);
    return journals.length === 0 ? null : `the journal needs it at ${journals.join(", ")}`;
  }

  async #alive(): Promise<readonly NodeReport[]> {
    const { node, time, limits } = this.#context;
    const sinceMs = time.wallMs() - SILENT_LEASES * limits.leaseMs;
    return (await this.#standing()).filter((report) => report.node === node || report.toldAtMs >= sinceMs);
  }

  // A node of a version that knows no reports has a row all the same: what it has is not known, so it counts as having nothing.
  async #standing(): Promise<readonly NodeReport[]> {
    const { store } = this.#context;
    const reports = await store.nodes.reports();
    const silent = (await store.nodes.list()).filter(({ node }) => !reports.some((report) => report.node === node));
    const nothing = { primary: "", ring: [], journal: [] };
    return [
      ...reports,
      ...silent.map(({ node, writtenAtMs }) => ({ node, keys: nothing, erasedToMs: 0, toldAtMs: writtenAtMs })),
    ];
  }

  #custody(): KeyCustody {
    const { custody } = this.#context;
    if (custody === null) throw new EvergrantError("key_source_fixed");
    return custody;
  }

  async #deployment(): Promise<Deployment> {
    const deployment = await this.#context.store.deployment.read();
    if (deployment === undefined) throw new EvergrantError("store_unavailable");
    return deployment;
  }

  #records(event: string, key: string, by: string): Records {
    const { time, node } = this.#context;
    const subject = { kind: "deployment", id: "keys" } as const;
    return { audit: [{ event, subject, atMs: time.wallMs(), by, facts: { key, node } }], notices: [] };
  }
}
