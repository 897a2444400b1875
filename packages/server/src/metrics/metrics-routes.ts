import type { ConnectionView, Keeper, KeeperHealth } from "@evergrant/keeper";
import type { FastifyInstance } from "fastify";
import { Gauge, Histogram, Registry } from "prom-client";
import { requireKnownHost } from "../admin/known-host.ts";
import { sendProblem } from "../http/problem.ts";
import { refusing } from "../http/refusing.ts";
import type { RequestLog } from "../http/request-log.ts";
import { serve } from "../http/serve.ts";
import type { ServerTime } from "../ports.ts";
import { type Census, censusOf } from "./census.ts";

/** So many of the connections that lapse soonest are named: labels stay few, however many connections there are. */
const LAPSES_NAMED = 20;
const DAY_S = 86_400;

export interface MetricsFace {
  readonly keeper: Keeper;
  readonly log: RequestLog;
  readonly time: ServerTime;
  readonly knownHosts: () => readonly string[];
  /** What was counted since the start; null: nothing. */
  readonly counted: Registry | null;
}

/** `/metrics`: what was counted, and how things stand now, in Prometheus' text form. */
export async function metricsRoutes(app: FastifyInstance, face: MetricsFace): Promise<void> {
  const census = censusOf(face.keeper, face.time);
  app.setErrorHandler(refusing(sendProblem, face.log));
  app.addHook("onRequest", requireKnownHost(face.knownHosts));
  serve(app, {
    url: "/metrics",
    handlers: {
      GET: async (_request, reply) => {
        const now = standing(face, { health: await face.keeper.health(), census: await census() });
        const all = face.counted === null ? now : Registry.merge([face.counted, now]);
        return reply
          .type(all.contentType)
          .header("cache-control", "no-store")
          .send(await all.metrics());
      },
    },
  });
}

interface Standing {
  readonly health: KeeperHealth;
  readonly census: Census | null;
}

/** Made anew for each answer: what is not so any more leaves no label behind. */
function standing({ keeper, time }: MetricsFace, { health, census }: Standing): Registry {
  const registry = new Registry();
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name: `evergrant_${name}`, help, labelNames, registers: [registry] });
  gauge("serving", "Valid tokens can be handed out").set(Number(health.serving));
  gauge("refreshing", "New attempts can be started").set(Number(health.refreshing));
  const load = keeper.load();
  gauge("attempts_in_flight", "Attempts on their way").set(load.attemptsInFlight);
  gauge("answers_owed", "Grants whose last answer got lost").set(load.answersOwed);
  gauge("machine_clock_ahead_seconds", "How far the machine's clock is ahead of the time that the node goes by").set(
    load.machineClockAheadMs / 1000,
  );
  gauge("store_clock_behind_seconds", "How far the store's clock is behind the time that the nodes go by").set(
    load.storeClockBehindMs / 1000,
  );
  gauge("breakers_open", "Apps whose provider loses answers").set(load.breakersOpen);
  gauge("mass_refusals", "Apps of which many grants were refused at once").set(load.massRefusals);
  gauge("api_calls_waiting", "Calls through the gateway that wait for room").set(load.apiCallsWaiting);
  const left = gauge("api_calls_left", "What is left of the provider's limits", ["app", "limit"]);
  for (const { app, limit, left: calls } of load.apiCallsLeft) left.set({ app, limit }, calls);
  if (census !== null) countCensus({ keeper, time, registry, gauge }, census);
  return registry;
}

interface Counting extends Pick<MetricsFace, "keeper" | "time"> {
  readonly registry: Registry;
  readonly gauge: (name: string, help: string, labelNames?: string[]) => Gauge;
}

function countCensus({ keeper, time, registry, gauge }: Counting, census: Census): void {
  gauge("census_age_seconds", "How old the numbers about connections are").set(
    (time.monotonicMs() - census.takenAtMs) / 1_000,
  );
  gauge("census_complete", "All connections were counted").set(Number(census.complete));
  const byStatus = gauge("connections", "Connections by status", ["status"]);
  const inTrouble = gauge("connections_in_trouble", "Connections whose last attempt brought nothing", ["kind"]);
  for (const { status, trouble } of census.connections) {
    byStatus.inc({ status });
    if (trouble !== null) inTrouble.inc({ kind: trouble.kind });
  }
  const lapses = gauge("connection_lapses_in_seconds", "The connections that lapse soonest", ["connection"]);
  for (const { name, lapsesInS } of soonest(census.connections, keeper.nowMs()))
    lapses.set({ connection: name }, lapsesInS);
  ages(registry, census.connections, keeper.nowMs());
  const { undistributed, waiting, dead, oldestWaitingSinceMs } = census.notices;
  const notices = gauge("notices", "The outbox", ["state"]);
  for (const [state, count] of Object.entries({ undistributed, waiting, dead })) notices.set({ state }, count);
  const waitedMs = oldestWaitingSinceMs === null ? 0 : keeper.nowMs() - oldestWaitingSinceMs;
  gauge("notice_oldest_waiting_seconds", "How long the oldest notice has waited").set(Math.max(0, waitedMs / 1_000));
}

function soonest(connections: readonly ConnectionView[], nowMs: number) {
  return connections
    .flatMap(({ name, lapsesAtMs }) => (lapsesAtMs === null ? [] : [{ name, lapsesInS: (lapsesAtMs - nowMs) / 1_000 }]))
    .sort((a, b) => a.lapsesInS - b.lapsesInS)
    .slice(0, LAPSES_NAMED);
}

function ages(registry: Registry, connections: readonly ConnectionView[], nowMs: number): void {
  const histogram = new Histogram({
    name: "evergrant_token_age_seconds",
    help: "Age of the newest tokens of all connections",
    buckets: [1_800, DAY_S, 7 * DAY_S, 8 * DAY_S, 15 * DAY_S, 30 * DAY_S, 45 * DAY_S, 60 * DAY_S],
    registers: [registry],
  });
  for (const { renewedAtMs } of connections)
    if (renewedAtMs !== null) histogram.observe(Math.max(0, nowMs - renewedAtMs) / 1_000);
}
