import { JournalErasure } from "./journal-erasure.ts";
import { KeyDesk } from "./key-desk.ts";
import { NodeReports } from "./node-reports.ts";
import { Reseal } from "./reseal.ts";
import type { ServiceContext } from "./service-context.ts";

/** What this node does with keys and journals beside its work, and tells the other nodes of it. */
export interface Upkeep {
  readonly keys: KeyDesk;
  readonly journals: JournalErasure;
  readonly reseal: Reseal;
  /** Does what is due of it; what fails is looked at again: nothing that is spent or served waits for it. */
  readonly tidy: () => Promise<void>;
}

export function assembleUpkeep(context: ServiceContext): Upkeep {
  const reports = new NodeReports(context);
  const journals = new JournalErasure(context, reports);
  const reseal = new Reseal(context);
  const keys = new KeyDesk(context, { reports, reseal });
  const tidy = async () => {
    try {
      await journals.lookIfDue();
      await keys.look();
      await reports.tellIfDue();
    } catch (error) {
      context.report({ what: "keys and journals", subject: context.node, error });
    }
  };
  return { keys, journals, reseal, tidy };
}
