import { AccessTokens } from "./access-tokens.ts";
import { AppDirectory } from "./app-directory.ts";
import { AppPacer } from "./app-pacer.ts";
import { AppWatch } from "./app-watch.ts";
import { askAnew } from "./ask-anew.ts";
import { ConnectionDirectory } from "./connection-directory.ts";
import { GrantRefresher } from "./grant-refresher.ts";
import { GrantSettler, type RenewedGrant } from "./grant-settler.ts";
import { GrantViews } from "./grant-views.ts";
import { HealthWatch } from "./health-watch.ts";
import { LiveTokens } from "./live-tokens.ts";
import { OldTokenWatch } from "./old-token-watch.ts";
import { Schedule } from "./schedule.ts";
import type { ServiceContext } from "./service-context.ts";
import { ServingWatch } from "./serving-watch.ts";
import { TokenProbe } from "./token-probe.ts";

/** What keeps the grants of one node fresh, and answers with their tokens. */
export interface Refreshing {
  readonly apps: AppDirectory;
  readonly directory: ConnectionDirectory;
  readonly live: LiveTokens;
  readonly views: GrantViews;
  readonly pacer: AppPacer;
  readonly settler: GrantSettler;
  readonly refresher: GrantRefresher;
  readonly tokens: AccessTokens;
  readonly schedule: Schedule;
  readonly onScheduled: (dueAtMs: number | null) => void;
  readonly health: HealthWatch;
  readonly appWatch: AppWatch;
  readonly serving: ServingWatch;
}

/** `onRenewed`: who else is told of each grant that was renewed. */
export function assembleRefreshing(context: ServiceContext, onRenewed: (renewed: RenewedGrant) => void): Refreshing {
  const apps = new AppDirectory(context);
  const directory = new ConnectionDirectory(context, (grant) => {
    if (context.gate.hold !== null) return;
    const report = (error: unknown) => context.report({ what: "warm hours", subject: grant, error });
    refresher.drive(grant, { waitedForMs: null }).catch(report);
  });
  const live = new LiveTokens(context.clock);
  const pacer = new AppPacer(context, directory);
  const schedule: Schedule = new Schedule(context, { pacer, refresher: () => refresher });
  const onScheduled = (dueAtMs: number | null) => schedule.touch(dueAtMs);
  const appWatch = new AppWatch(context, { apps, connections: directory });
  const health = new HealthWatch(context, {
    ...{ apps, connections: directory, live, appWatch },
    askAnew: (grant) => askAnew(context, { live, refresher: () => refresher }, grant),
  });
  const views = new GrantViews(context, { live, pacer, connections: directory });
  const probe = new TokenProbe(context, live, (grant) =>
    health.claimed({ grant, connection: null, means: null, tenant: null }),
  );
  const oldTokens = new OldTokenWatch(context, { apps, live, probe });
  const tellRenewed = (renewed: RenewedGrant) => {
    oldTokens.afterRenewal(renewed);
    health.afterRenewal(renewed.grant);
    onRenewed(renewed);
  };
  const settler = new GrantSettler(context, { live, views, onScheduled, onRenewed: tellRenewed });
  const refresher = new GrantRefresher(context, { apps, views, settler, pacer, onScheduled });
  const tokens = new AccessTokens(context, { connections: directory, apps, live, refresher, probe });
  const serving = new ServingWatch(context, {
    ...{ apps, connections: directory, live },
    warm: (grant) => tokens.warm(grant),
  });
  return {
    ...{ apps, directory, live, views, pacer, settler, refresher, tokens },
    ...{ schedule, onScheduled, health, appWatch, serving },
  };
}
