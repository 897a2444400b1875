import type { Deployment } from "../ports/deployment-store.ts";
import { ApiTurns } from "./api-turns.ts";
import { AppDesk } from "./apps.ts";
import { assembleConsents } from "./assemble-consents.ts";
import { assembleQuarantine } from "./assemble-quarantine.ts";
import { assembleRefreshing, type Refreshing } from "./assemble-refreshing.ts";
import { assembleUpkeep } from "./assemble-upkeep.ts";
import { AuditReader } from "./audit-reader.ts";
import { AuthorizationWatch } from "./authorization-watch.ts";
import { CallerDesk } from "./callers.ts";
import { clockOver, startClock } from "./clock-start.ts";
import { ConnectionDesk } from "./connections.ts";
import { ConsentDesk } from "./consents.ts";
import { Deliverer } from "./deliverer.ts";
import { Erasure } from "./erasure.ts";
import { GatewayDesk } from "./gateway.ts";
import { CreateDesk } from "./idempotent-creates.ts";
import { ImportDesk } from "./imports.ts";
import type { Keeper, KeeperLoad, RefreshHealth } from "./keeper.ts";
import { NodeWatch } from "./node-watch.ts";
import { noticedStore } from "./noticed-store.ts";
import { NoticeDesk } from "./notices.ts";
import { observedJournal } from "./observed-journal.ts";
import { OperatorDirectory } from "./operator-directory.ts";
import { SessionDesk } from "./operator-sessions.ts";
import { OperatorDesk } from "./operators.ts";
import { RewindWatch } from "./rewind-watch.ts";
import type { KeeperParts, ServiceContext } from "./service-context.ts";
import { SpendingGate } from "./spending-gate.ts";
import { lookAtStoreClock } from "./store-clock.ts";
import { timedStore } from "./timed-store.ts";

/** A keeper with its beginning and its end. */
export interface RunningKeeper {
  readonly keeper: Keeper;
  /** Loads what the hot path needs, takes up what a crash cut off, and begins the schedule. */
  start(): Promise<void>;
  /** From now on no refresh is begun but for a caller who waits for it; those that are on their way go on. */
  rest(): void;
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
  const context = contextOver(given, nodeWatch, () => deliverer.touch());
  const refreshing = assembleRefreshing(context, (renewed) => consenting.verification.afterRenewal(renewed));
  const { apps, directory, live, appWatch, health, tokens } = refreshing;
  const upkeep = assembleUpkeep(context);
  const consenting = assembleConsents(context, refreshing);
  const notices = new NoticeDesk(context, directory);
  const deliverer: Deliverer = new Deliverer(context, {
    ...{ apps, links: consenting.links },
    secretsOf: (recipient) => notices.secretsOf(recipient),
  });
  notices.onReplayed = () => deliverer.hurry();
  nodeWatch.onTold = () => deliverer.touch();
  const turns = new ApiTurns(context);
  const callers = new CallerDesk(context, directory);
  const authorization = new AuthorizationWatch(context, {
    ...{ callers, connections: directory, apps },
    onLoaded: () => appWatch.touch(),
  });
  const quarantine = assembleQuarantine(context, refreshing, consenting);
  const creates = new CreateDesk(context);
  const rewinds = new RewindWatch(context, {
    reconcile: () => {
      authorization.forget();
      return quarantine.meet();
    },
    look: async () => {
      await quarantine.look();
      if (context.gate.hold === null) await upkeep.tidy();
    },
  });
  const erasure = new Erasure(context, { apps, directory, ending: consenting.ending, live, journals: upkeep.journals });
  const connections = new ConnectionDesk(context, { ...refreshing, ending: consenting.ending, erasure });
  const operators = new OperatorDesk(context, new OperatorDirectory(context, deployment));
  const keeper: Keeper = {
    ...{ tokens, connections, callers, operators, creates, quarantine, notices, keys: upkeep.keys },
    apps: new AppDesk(context, apps, () => appWatch.touch()),
    imports: new ImportDesk(context, { apps, connections, verification: consenting.verification }),
    consents: new ConsentDesk(context, { ...consenting, apps }),
    gateway: new GatewayDesk({ apps, connections: directory, tokens, turns, health }),
    sessions: new SessionDesk(context, operators),
    backups: context.backups ?? null,
    audit: new AuditReader(context),
    health: async () => {
      const own = context.gate.hold === null ? refreshHealth() : QUARANTINED;
      return { ...own, serving: own.refreshing || (await refreshing.serving.hasToken()) };
    },
    load: () => loadOf(context, refreshing, turns),
    nowMs: () => context.time.wallMs(),
  };
  return {
    keeper,
    start: () =>
      context.activity.during(async () => {
        await startClock(context);
        await authorization.start();
        await quarantine.meet();
        await refreshing.schedule.start();
        appWatch.start();
        creates.start();
        rewinds.start();
        await deliverer.start();
        if (context.gate.hold !== null) return;
        await upkeep.tidy();
        upkeep.reseal.begin();
        await consenting.verification.resume();
      }),
    rest: () => void refreshing.schedule.stop(),
    stop: async () => {
      // First, and beside all others: whoever is slow to be told something must not keep refreshes going until the process is killed.
      const rested = refreshing.schedule.stop();
      turns.stop();
      authorization.stop();
      rewinds.stop();
      creates.stop();
      await Promise.all([rested, appWatch.stop(), deliverer.stop(), callers.stop(), upkeep.reseal.stop()]);
      await refreshing.refresher.drain();
    },
  };
}

const QUARANTINED = { refreshing: false, detail: "the database may be restored or copied: see evergrant quarantine" };

function contextOver(given: KeeperParts, nodeWatch: NodeWatch, onNotice: () => void): ServiceContext {
  const store = noticedStore(given.store, { onNotice, onWritten: () => nodeWatch.look() });
  const gate = new SpendingGate(given.limits.retryMaxMs);
  const journal =
    given.observe === undefined ? given.journal : observedJournal(given.journal, given.time, given.observe);
  const report: ServiceContext["report"] = (failure) => nodeWatch.report(failure);
  const clock = clockOver(given, report);
  if (given.shared !== null) clock.lookBy(() => lookAtStoreClock({ clock, node: given.node, store, time: clock.time }));
  return {
    ...given,
    store: timedStore(store, clock),
    journal,
    custody: given.custody ?? null,
    gate,
    clock,
    time: clock.time,
    report,
  };
}

function loadOf({ clock }: ServiceContext, { pacer, apps }: Refreshing, turns: ApiTurns): KeeperLoad {
  return {
    ...pacer.standing(),
    machineClockAheadMs: clock.machineAheadMs,
    storeClockBehindMs: clock.storeBehindMs,
    apiCallsWaiting: turns.waiting,
    apiCallsLeft: turns.left().map(({ app, name, left }) => ({
      ...{ app: apps.peek(app)?.stored.name ?? app, limit: name, left },
    })),
  };
}
