import type { Deployment } from "../ports/deployment-store.ts";
import { AccessTokens } from "./access-tokens.ts";
import { ApiTurns } from "./api-turns.ts";
import { AppDirectory } from "./app-directory.ts";
import { AppPacer } from "./app-pacer.ts";
import { AppWatch } from "./app-watch.ts";
import { AppDesk } from "./apps.ts";
import { askAnew } from "./ask-anew.ts";
import { AuditReader } from "./audit-reader.ts";
import { AuthorizationWatch } from "./authorization-watch.ts";
import { CallerDesk } from "./callers.ts";
import { ConnectionDirectory } from "./connection-directory.ts";
import { ConnectionDesk } from "./connections.ts";
import { ConsentAcceptance } from "./consent-acceptance.ts";
import { ConsentDecisions } from "./consent-decisions.ts";
import { ConsentLinks } from "./consent-links.ts";
import { ConsentRuns } from "./consent-runs.ts";
import { ConsentDesk } from "./consents.ts";
import { Deliverer } from "./deliverer.ts";
import { Erasure } from "./erasure.ts";
import { GatewayDesk } from "./gateway.ts";
import { GrantEnding } from "./grant-ending.ts";
import { GrantRefresher } from "./grant-refresher.ts";
import { GrantSettler, type RenewedGrant } from "./grant-settler.ts";
import { GrantViews } from "./grant-views.ts";
import { HealthWatch } from "./health-watch.ts";
import { CreateDesk } from "./idempotent-creates.ts";
import { ImportVerification } from "./import-verification.ts";
import { ImportDesk } from "./imports.ts";
import { JournalErasure } from "./journal-erasure.ts";
import { type ResumeConsent, reconcileJournal, replayJournal, wholeJournal } from "./journal-replay.ts";
import type { Keeper, RefreshHealth } from "./keeper.ts";
import { KeyDesk } from "./key-desk.ts";
import { leaveToOriginal } from "./leave-to-original.ts";
import { LiveTokens } from "./live-tokens.ts";
import { NodeReports } from "./node-reports.ts";
import { NodeWatch } from "./node-watch.ts";
import { noticedStore } from "./noticed-store.ts";
import { NoticeDesk } from "./notices.ts";
import { observedJournal } from "./observed-journal.ts";
import { OldTokenWatch } from "./old-token-watch.ts";
import { OperatorDirectory } from "./operator-directory.ts";
import { SessionDesk } from "./operator-sessions.ts";
import { OperatorDesk } from "./operators.ts";
import { Quarantine } from "./quarantine.ts";
import { Reseal } from "./reseal.ts";
import { RewindWatch } from "./rewind-watch.ts";
import { Schedule } from "./schedule.ts";
import type { KeeperParts, ServiceContext } from "./service-context.ts";
import { ServingWatch } from "./serving-watch.ts";
import { SpendingGate } from "./spending-gate.ts";
import { TokenProbe } from "./token-probe.ts";

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
  given: KeeperParts,
  deployment: Pick<Deployment, "operatorKeySha256" | "createdAtMs">,
  refreshHealth: () => RefreshHealth,
): RunningKeeper {
  const nodeWatch = new NodeWatch(given, refreshHealth);
  const store = noticedStore(given.store, { onNotice: () => deliverer.touch(), onWritten: () => nodeWatch.look() });
  const gate = new SpendingGate(given.limits.retryMaxMs);
  const journal =
    given.observe === undefined ? given.journal : observedJournal(given.journal, given.time, given.observe);
  const custody = given.custody ?? null;
  const report: ServiceContext["report"] = (failure) => nodeWatch.report(failure);
  const context: ServiceContext = { ...given, store, journal, custody, gate, report };
  const apps = new AppDirectory(context);
  const directory = new ConnectionDirectory(context, (grant) => {
    if (context.gate.hold !== null) return;
    const report = (error: unknown) => context.report({ what: "warm hours", subject: grant, error });
    refresher.drive(grant, { waitedForMs: null }).catch(report);
  });
  const live = new LiveTokens();
  const schedule: Schedule = new Schedule(context, () => refresher);
  const onScheduled = (dueAtMs: number | null) => schedule.touch(dueAtMs);
  const appWatch = new AppWatch(context, { apps, connections: directory });
  const watch = new HealthWatch(context, {
    apps,
    connections: directory,
    live,
    appWatch,
    askAnew: (grant) => askAnew(context, { live, refresher: () => refresher }, grant),
  });
  const pacer = new AppPacer(context, directory);
  const views = new GrantViews(context, { live, pacer, connections: directory });
  const probe = new TokenProbe(context, live, (grant) =>
    watch.claimed({ grant, connection: null, means: null, tenant: null }),
  );
  const oldTokens = new OldTokenWatch(context, { apps, live, probe });
  const onRenewed = (renewed: RenewedGrant) => {
    oldTokens.afterRenewal(renewed);
    watch.afterRenewal(renewed.grant);
    verification.afterRenewal(renewed);
  };
  const settler = new GrantSettler(context, { live, views, onScheduled, onRenewed });
  const refresher = new GrantRefresher(context, { apps, views, settler, pacer, onScheduled });
  const tokens = new AccessTokens(context, { connections: directory, apps, live, refresher, probe });
  const serving = new ServingWatch(context, {
    apps,
    connections: directory,
    live,
    warm: (grant) => tokens.warm(grant),
  });
  const ending = new GrantEnding(context, { apps, live, views });
  const reports = new NodeReports(context);
  const journals = new JournalErasure(context, reports);
  const reseal = new Reseal(context);
  const keys = new KeyDesk(context, { reports, reseal });
  const erasure = new Erasure(context, { apps, directory, ending, live, journals });
  const links = new ConsentLinks(context, apps);
  const notices = new NoticeDesk(context, directory);
  const deliverer: Deliverer = new Deliverer(context, {
    apps,
    links,
    secretsOf: (recipient) => notices.secretsOf(recipient),
  });
  notices.onReplayed = () => deliverer.hurry();
  nodeWatch.onTold = () => deliverer.touch();
  const acceptance = new ConsentAcceptance(context, {
    apps,
    connections: directory,
    links,
    live,
    views,
    onScheduled,
  });
  const verification = new ImportVerification(context, { apps, acceptance, refresher, live, views });
  const decisions = new ConsentDecisions(context, { acceptance, ending });
  const runs = new ConsentRuns(context, { apps, links, acceptance });
  const turns = new ApiTurns(context);
  const callers = new CallerDesk(context, directory);
  const authorization = new AuthorizationWatch(context, {
    ...{ callers, connections: directory, apps },
    onLoaded: () => appWatch.touch(),
  });
  const resumeConsent: ResumeConsent = (consent, attempt, answer) => runs.resume(consent, attempt, answer);
  const replaying = { apps, settler, views, onScheduled, resumeConsent };
  const quarantine = new Quarantine(context, {
    replay: {
      start: () => replayJournal(context, replaying),
      lastMoments: () => reconcileJournal(context, replaying),
      everything: () => replayJournal(context, replaying, wholeJournal(context)),
    },
    leaveToOriginal: (by) => leaveToOriginal(context, { apps, views }, by),
    onOpened: () => {
      schedule.touch(context.time.wallMs());
      appWatch.touch();
    },
  });
  const reconcile = () => {
    authorization.forget();
    return quarantine.meet();
  };
  const creates = new CreateDesk(context);
  // What fails here is looked at again: nothing that is spent or served waits for it.
  const tidy = async () => {
    try {
      await journals.lookIfDue();
      await keys.look();
      await reports.tellIfDue();
    } catch (error) {
      context.report({ what: "keys and journals", subject: context.node, error });
    }
  };
  const look = async () => {
    await quarantine.look();
    if (context.gate.hold === null) await tidy();
  };
  const rewinds = new RewindWatch(context, { reconcile, look });
  const connections = new ConnectionDesk(context, {
    ...{ apps, directory, views, ending, erasure, health: watch, tokens, onScheduled },
  });
  const operators = new OperatorDesk(context, new OperatorDirectory(context, deployment));
  const keeper: Keeper = {
    tokens,
    apps: new AppDesk(context, apps, () => appWatch.touch()),
    connections,
    imports: new ImportDesk(context, { apps, connections, verification }),
    consents: new ConsentDesk(context, { links, runs, decisions, apps }),
    callers,
    gateway: new GatewayDesk({ apps, connections: directory, tokens, turns, health: watch }),
    operators,
    sessions: new SessionDesk(context, operators),
    creates,
    quarantine,
    notices,
    keys,
    backups: context.backups ?? null,
    audit: new AuditReader(context),
    health: async () => {
      const health = context.gate.hold === null ? refreshHealth() : QUARANTINED;
      return { ...health, serving: health.refreshing || (await serving.hasToken()) };
    },
    load: () => ({
      ...pacer.standing(),
      apiCallsWaiting: turns.waiting,
      apiCallsLeft: turns.left().map(({ app, name, left }) => ({
        ...{ app: apps.peek(app)?.stored.name ?? app, limit: name, left },
      })),
    }),
    nowMs: () => context.time.wallMs(),
  };
  return {
    keeper,
    start: () =>
      context.activity.during(async () => {
        await authorization.start();
        await quarantine.meet();
        await schedule.start();
        appWatch.start();
        creates.start();
        rewinds.start();
        await deliverer.start();
        if (context.gate.hold !== null) return;
        await tidy();
        reseal.begin();
        await verification.resume();
      }),
    stop: async () => {
      turns.stop();
      authorization.stop();
      rewinds.stop();
      creates.stop();
      await appWatch.stop();
      await deliverer.stop();
      await callers.stop();
      await reseal.stop();
      await schedule.stop();
      await refresher.drain();
    },
  };
}

const QUARANTINED = { refreshing: false, detail: "the database may be restored or copied: see evergrant quarantine" };
