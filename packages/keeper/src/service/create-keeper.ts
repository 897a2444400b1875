import type { Secret } from "@evergrant/core";
import { AccessTokens } from "./access-tokens.ts";
import { AppDirectory } from "./app-directory.ts";
import { AppDesk } from "./apps.ts";
import { CallerDesk } from "./callers.ts";
import { ConnectionDirectory } from "./connection-directory.ts";
import { ConnectionDesk } from "./connections.ts";
import { ConsentAcceptance } from "./consent-acceptance.ts";
import { ConsentLinks } from "./consent-links.ts";
import { ConsentRuns } from "./consent-runs.ts";
import { ConsentDesk } from "./consents.ts";
import { digest, sameDigest } from "./digest.ts";
import { GrantEnding } from "./grant-ending.ts";
import { GrantRefresher } from "./grant-refresher.ts";
import { HealthWatch } from "./health-watch.ts";
import { replayJournal } from "./journal-replay.ts";
import type { Keeper, KeeperHealth } from "./keeper.ts";
import { LiveTokens } from "./live-tokens.ts";
import { Schedule } from "./schedule.ts";
import type { ServiceContext } from "./service-context.ts";

/** A keeper with its beginning and its end. */
export interface RunningKeeper {
  readonly keeper: Keeper;
  /** Loads what the hot path needs, takes up what a crash cut off, and begins the schedule. */
  start(): Promise<void>;
  /** Starts nothing new and waits for what is on its way. */
  stop(): Promise<void>;
}

/** Puts the services of one node together over the ports it was given. */
export function createKeeper(
  context: ServiceContext,
  deployment: { readonly operatorKeySha256: string },
  health: () => KeeperHealth,
): RunningKeeper {
  const apps = new AppDirectory(context);
  const directory = new ConnectionDirectory(context);
  const live = new LiveTokens();
  const schedule: Schedule = new Schedule(context, () => refresher);
  const onScheduled = (dueAtMs: number | null) => schedule.touch(dueAtMs);
  const watch = new HealthWatch(context, { apps, connections: directory, live });
  const refresher = new GrantRefresher(context, {
    apps,
    live,
    onScheduled,
    onRenewed: (grant) => watch.afterRenewal(grant),
  });
  const tokens = new AccessTokens(context, { connections: directory, apps, live, refresher });
  const ending = new GrantEnding(context, { apps, live, refresher });
  const links = new ConsentLinks(context, apps);
  const acceptance = new ConsentAcceptance(context, { apps, connections: directory, live, refresher, onScheduled });
  const runs = new ConsentRuns(context, { apps, links, acceptance });
  const callers = new CallerDesk(context, directory);
  const keeper: Keeper = {
    tokens,
    apps: new AppDesk(context, apps),
    connections: new ConnectionDesk(context, { apps, directory, refresher, ending, health: watch, tokens }),
    consents: new ConsentDesk(context, { links, runs, acceptance, ending }),
    callers,
    isOperator: (key: Secret) => sameDigest(digest(key), deployment.operatorKeySha256),
    health,
    nowMs: () => context.time.wallMs(),
  };
  return {
    keeper,
    start: () =>
      context.activity.during(async () => {
        await directory.load();
        await callers.load();
        await replayJournal(context, {
          apps,
          refresher,
          resumeConsent: (consent, attempt, answer) => runs.resume(consent, attempt, answer),
        });
        await schedule.start();
      }),
    stop: async () => {
      await schedule.stop();
      await refresher.drain();
    },
  };
}
