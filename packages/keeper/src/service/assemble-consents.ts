import type { Refreshing } from "./assemble-refreshing.ts";
import { ConsentAcceptance } from "./consent-acceptance.ts";
import { ConsentDecisions } from "./consent-decisions.ts";
import { ConsentLinks } from "./consent-links.ts";
import { ConsentRuns } from "./consent-runs.ts";
import { GrantEnding } from "./grant-ending.ts";
import { ImportVerification } from "./import-verification.ts";
import type { ServiceContext } from "./service-context.ts";

/** How grants begin, from a person's consent or from another system's token, and how they end. */
export interface Consenting {
  readonly links: ConsentLinks;
  readonly runs: ConsentRuns;
  readonly decisions: ConsentDecisions;
  readonly verification: ImportVerification;
  readonly ending: GrantEnding;
}

export function assembleConsents(context: ServiceContext, refreshing: Refreshing): Consenting {
  const { apps, directory, live, views, refresher, onScheduled } = refreshing;
  const ending = new GrantEnding(context, { apps, live, views });
  const links = new ConsentLinks(context, apps);
  const acceptance = new ConsentAcceptance(context, { apps, connections: directory, links, live, views, onScheduled });
  const verification = new ImportVerification(context, { apps, acceptance, refresher, live, views });
  const decisions = new ConsentDecisions(context, { acceptance, ending });
  const runs = new ConsentRuns(context, { apps, links, acceptance });
  return { links, runs, decisions, verification, ending };
}
