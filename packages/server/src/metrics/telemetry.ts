import type { Observation } from "@evergrant/keeper";
import { metrics, SpanStatusCode, trace } from "@opentelemetry/api";
import { Counter, collectDefaultMetrics, Histogram, Registry } from "prom-client";
import { realWallMs } from "../real-time.ts";

/** Counts what a node observes, for Prometheus and for OpenTelemetry. One per node: nothing of it is shared by the process. */
export interface Telemetry {
  readonly observe: (observation: Observation) => void;
  readonly registry: Registry;
}

const SECONDS = [0.001, 0.005, 0.02, 0.1, 0.5, 1, 2, 5, 10, 30];

/** `wallMs`: the machine's clock, in which spans are dated. */
export function createTelemetry(wallMs: () => number = realWallMs): Telemetry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const prometheus = prometheusOf(registry);
  const openTelemetry = openTelemetryOf(wallMs);
  return {
    registry,
    observe: (observation) => {
      prometheus(observation);
      openTelemetry(observation);
    },
  };
}

function prometheusOf(registry: Registry): Telemetry["observe"] {
  const registers = [registry];
  const counter = (name: string, help: string, labelNames: string[]) =>
    new Counter({ name: `evergrant_${name}`, help, labelNames, registers });
  const histogram = (name: string, help: string, labelNames: string[]) =>
    new Histogram({ name: `evergrant_${name}`, help, labelNames, buckets: SECONDS, registers });
  const asked = counter("token_requests_total", "Tokens asked for", ["outcome"]);
  const askedSeconds = histogram("token_request_seconds", "How long tokens took that were asked for", []);
  const attempts = counter("attempts_total", "Attempts at token endpoints", ["provider", "grant", "outcome"]);
  const attemptSeconds = histogram("attempt_seconds", "How long attempts took", ["provider"]);
  const sent = counter("notices_sent_total", "Tries to bring somebody a notice", ["channel", "outcome"]);
  const appends = counter("journal_appends_total", "Records of the journal", ["outcome"]);
  const appendSeconds = histogram("journal_append_seconds", "How long the disk took for a record of the journal", []);
  return (observation) => {
    switch (observation.kind) {
      case "token-asked":
        asked.inc({ outcome: observation.outcome });
        askedSeconds.observe(observation.tookMs / 1_000);
        return;
      case "attempt": {
        const { provider, grant, outcome } = observation;
        attempts.inc({ provider, grant, outcome });
        attemptSeconds.observe({ provider }, observation.tookMs / 1_000);
        return;
      }
      case "journal-append":
        appends.inc({ outcome: observation.outcome });
        appendSeconds.observe(observation.tookMs / 1_000);
        return;
      case "notice-sent":
        sent.inc({ channel: observation.channel, outcome: observation.outcome });
        return;
    }
  };
}

// Made once: an SDK is registered before anything else of the process, or not at all.
function openTelemetryOf(wallMs: () => number): Telemetry["observe"] {
  const meter = metrics.getMeter("evergrant");
  const tracer = trace.getTracer("evergrant");
  const of = (name: string) => ({
    name,
    counter: meter.createCounter(name),
    duration: meter.createHistogram(`${name}.duration`, { unit: "ms" }),
  });
  const instruments = {
    "token-asked": of("evergrant.token"),
    attempt: of("evergrant.attempt"),
    "journal-append": of("evergrant.journal"),
    "notice-sent": of("evergrant.notice"),
  } as const satisfies Record<Observation["kind"], unknown>;
  return ({ kind, ...facts }) => {
    const { tookMs, ...attributes } = { tookMs: null, ...facts };
    const { name, counter, duration } = instruments[kind];
    counter.add(1, attributes);
    if (tookMs === null) return;
    duration.record(tookMs, attributes);
    const endMs = wallMs();
    const span = tracer.startSpan(name, { startTime: endMs - tookMs, attributes });
    if (!FINE.has(attributes.outcome)) span.setStatus({ code: SpanStatusCode.ERROR, message: attributes.outcome });
    span.end(endMs);
  };
}

const FINE: ReadonlySet<string> = new Set(["answered", "success", "written", "sent"]);
