import { EvergrantError } from "@evergrant/core";
import type { AuditPlace } from "../ports/audit-store.ts";
import type { Audit, AuditPage, AuditVerification } from "./keeper.ts";
import type { ServiceContext } from "./service-context.ts";

/** The audit as operators read it: pages of all nodes' records, and whether every chain is whole. */
export class AuditReader implements Audit {
  readonly #context: ServiceContext;

  constructor(context: ServiceContext) {
    this.#context = context;
  }

  async page({ cursor, limit }: { readonly cursor: string | null; readonly limit: number }): Promise<AuditPage> {
    const found = await this.#context.store.audit.page(cursor === null ? null : placeOf(cursor), limit + 1);
    const records = found.slice(0, limit);
    const last = records.at(-1);
    return { records, next: found.length > limit && last !== undefined ? cursorOf(last) : null };
  }

  async verify(): Promise<AuditVerification> {
    const { audit } = this.#context.store;
    const chains = [];
    for (const { node, sequence, hash } of await audit.chains())
      chains.push({ node, records: sequence, head: hash, firstBroken: await audit.firstBroken(node) });
    return { intact: chains.every(({ firstBroken }) => firstBroken === null), chains };
  }
}

function cursorOf({ atMs, node, sequence }: AuditPlace): string {
  return Buffer.from(JSON.stringify([atMs, node, sequence])).toString("base64url");
}

function placeOf(cursor: string): AuditPlace {
  try {
    const [atMs, node, sequence] = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8")) as unknown[];
    if (Number.isFinite(atMs) && typeof node === "string" && Number.isSafeInteger(sequence))
      return { atMs, node, sequence } as AuditPlace;
  } catch {
    // Not one of ours, like any other that does not fit.
  }
  throw new EvergrantError("input_invalid", { detail: "cursor: use the one that the page before gave" });
}
