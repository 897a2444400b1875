import type { DeploymentStore } from "../../ports/deployment-store.ts";
import type { NodeRow, NodeStore } from "../../ports/node-store.ts";
import { compareText } from "./compare-text.ts";
import { holdsRecord } from "./memory-audit.ts";
import type { MemoryState } from "./memory-state.ts";

/** Which deployment this is. */
export function memoryDeployment(state: MemoryState): DeploymentStore {
  return {
    read: () => state.run(() => state.deployment),
    readWithNodes: () =>
      state.run(() => {
        const { deployment } = state;
        return { deployment, nodes: deployment === undefined ? [] : nodesById(state) };
      }),
    create: (deployment) =>
      state.run(() => {
        state.deployment ??= deployment;
        return state.deployment;
      }),
    quarantine: (incarnation, quarantine, records) =>
      state.run(() => {
        const { deployment } = state;
        if (deployment?.incarnation !== incarnation || deployment.quarantine !== null) return false;
        state.record(records);
        state.deployment = { ...deployment, quarantine };
        return true;
      }),
    setPrimaryKey: (from, to, records) =>
      state.run(() => {
        const { deployment } = state;
        if (deployment === undefined || (deployment.primaryKey ?? null) !== from) return false;
        state.record(records);
        state.deployment = { ...deployment, primaryKey: to };
        return true;
      }),
    replaceKeyCheck: (from, to) =>
      state.run(() => {
        const { deployment } = state;
        if (deployment?.keyCheck !== from) return false;
        state.deployment = { ...deployment, keyCheck: to };
        return true;
      }),
    release: ({ to, ...released }, records) =>
      state.run(() => {
        const { deployment } = state;
        if (deployment?.incarnation !== released.from) return false;
        state.record(records);
        state.deployment = { ...deployment, incarnation: to, quarantine: null, released };
        return true;
      }),
  };
}

/** What each node last told of itself. */
export function memoryNodes(state: MemoryState): NodeStore {
  return {
    list: () => state.run(() => nodesById(state)),
    find: (node) => state.run(() => state.nodes.get(node)),
    write: (row, since) =>
      state.run(() => {
        if (since !== null && !holdsRecord(state.audit, since)) return false;
        state.nodes.set(row.node, row);
        return true;
      }),
    report: (report) => state.run(() => void state.reports.set(report.node, report)),
    reports: () => state.run(() => [...state.reports.values()].sort((a, b) => compareText(a.node, b.node))),
  };
}

function nodesById(state: MemoryState): readonly NodeRow[] {
  return [...state.nodes.values()].sort((a, b) => compareText(a.node, b.node));
}
