import { checker } from "./checker.ts";

/** Every change of a grant's state has one audit record in the same transaction, and the chain of records holds. */
export const audit = checker({
  id: "I13",
  name: "audit",
  kinds: ["phase", "stored"],
  watch: (view) => (event) => {
    if (event.kind === "phase" && event.phase === "end") {
      const broken = view.brokenAuditRecord();
      return broken === null ? null : `the audit chain breaks at record ${broken}`;
    }
    if (event.kind !== "stored" || event.before === event.after) return null;
    return event.audit.length === 1
      ? null
      : `${event.node} moved ${event.grant} to ${event.after.kind} with ${event.audit.length} audit records`;
  },
});
