import { type AuditFacts, concernsAllNodes, EvergrantError, type QuarantineReason } from "@evergrant/core";
import type { Deployment, ReleasedAs } from "../ports/deployment-store.ts";
import type { AuditSubject, Records } from "../ports/records.ts";
import type { ServiceContext } from "./service-context.ts";

/** Begins a quarantine, and writes down and tells what is done about it. */
export class QuarantineNotes {
  readonly #context: ServiceContext;

  constructor(context: ServiceContext) {
    this.#context = context;
  }

  /** This node spends nothing from now on, also where the store cannot be told. */
  async begin(deployment: Deployment, because: readonly QuarantineReason[]): Promise<void> {
    this.shut(deployment, because);
    await this.#note(deployment, because).catch((error: unknown) =>
      this.#context.report({ what: "quarantine", subject: because.join(" "), error }),
    );
  }

  shut(deployment: Deployment, because: readonly QuarantineReason[]): void {
    const { gate, time, report } = this.#context;
    gate.shut({ because, sinceMs: time.wallMs(), incarnation: deployment.incarnation, merging: false });
    report({ what: "quarantine", subject: because.join(" "), error: new EvergrantError("store_quarantined") });
  }

  /** No node that works on this store spends from now on. */
  async holdAll(deployment: Deployment, because: readonly QuarantineReason[]): Promise<void> {
    const { store, node, time } = this.#context;
    const found = { because, node, sinceMs: time.wallMs() };
    await store.deployment.quarantine(deployment.incarnation, found, this.#begun(deployment, because));
  }

  ended(
    deployment: Deployment,
    {
      as,
      because,
      incarnation,
    }: { readonly as: ReleasedAs; readonly because: readonly QuarantineReason[]; readonly incarnation: number },
    by: string,
  ): Records {
    const facts = { as, because: because.join(" "), incarnation };
    return this.#records(deployment, { event: "quarantine-ended", facts }, by);
  }

  // In the store where it concerns every node that works on it; nothing is written to a store that is another deployment's.
  async #note(deployment: Deployment, because: readonly QuarantineReason[]): Promise<void> {
    if (because.includes("other-deployment")) return;
    if (because.some(concernsAllNodes)) await this.holdAll(deployment, because);
    else await this.#context.store.audit.write(this.#begun(deployment, because));
  }

  #begun(deployment: Deployment, because: readonly QuarantineReason[]): Records {
    const facts = { because: because.join(" "), node: this.#context.node };
    return this.#records(deployment, { event: "quarantine-begun", facts }, "keeper");
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
