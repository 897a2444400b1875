import type { AttemptId, StoreFacts, StoreIdentity } from "@evergrant/core";
import type { Deployment } from "../ports/deployment-store.ts";
import type { JournalEntry, JournalSubject } from "../ports/journal.ts";
import type { Provenance } from "../ports/provenance.ts";
import { bringsTokens } from "./journaled-outcome.ts";
import type { ServiceContext } from "./service-context.ts";
import { isStored } from "./token-versions.ts";

/** Gathers what this node can hold against its store. */
export async function gatherStoreFacts(
  context: ServiceContext,
  provenance: Provenance,
  deployment: Deployment,
): Promise<StoreFacts> {
  const { store, journal, node, time, limits } = context;
  const nodes = await store.nodes.list();
  const toldPosition = nodes.find((row) => row.node === node)?.journalPosition ?? null;
  const entries = await journal.read((toldPosition ?? 0) + 1);
  const { end } = provenance.mark();
  const remembered = await provenance.remembered();
  return {
    remembered,
    store: await identityOf(deployment, provenance),
    exclusive: provenance.exclusive,
    toldPosition,
    otherNodes: nodes.filter((row) => row.node !== node).length,
    journal: { firstPosition: (await journal.firstPosition()) ?? end + 1, lastPosition: end },
    // Before the first meeting nothing was told; what is missing then is looked for by the reconciliation.
    missing: remembered === null ? null : await missingAnswers(context, entries, toldPosition ?? 0),
    nowMs: time.wallMs(),
    reachMs: limits.journalReconcileMs,
  };
}

/** Which store this is at this moment. */
export async function identityOf(deployment: Deployment, provenance: Provenance): Promise<StoreIdentity> {
  return { deployment: deployment.id, incarnation: deployment.incarnation, server: await provenance.server() };
}

// Answers that were settled, that is acknowledged by the store, behind what it says that it was told: of each it must have a token.
async function missingAnswers(
  context: ServiceContext,
  entries: readonly JournalEntry[],
  toldPosition: number,
): Promise<StoreFacts["missing"]> {
  const answered = new Map<AttemptId, number>();
  const settled = new Set<AttemptId>();
  for (const { position, record } of entries) {
    if (record.kind === "answer" && position > toldPosition && isSingleUse(record.subject) && bringsTokens(record))
      answered.set(record.attempt, record.atMs);
    if (record.kind === "settled") settled.add(record.attempt);
  }
  const missing: number[] = [];
  for (const [attempt, atMs] of answered)
    if (settled.has(attempt) && !(await isStored(context, attempt))) missing.push(atMs);
  return missing.length === 0 ? null : { answers: missing.length, oldestAtMs: Math.min(...missing) };
}

// What an app gets by its own credentials can be had again at any time.
function isSingleUse(subject: JournalSubject): boolean {
  return subject.kind === "consent" || subject.token !== null;
}
