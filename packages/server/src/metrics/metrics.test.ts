import { metrics as openTelemetryMetrics, trace } from "@opentelemetry/api";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { askAs, startWorld, type World } from "../testing/world.ts";
import { createTelemetry, type Telemetry } from "./telemetry.ts";

let world: World;
let telemetry: Telemetry;
beforeEach(async () => {
  telemetry = createTelemetry();
  world = await startWorld({ telemetry });
});
afterEach(() => world.close());

const metrics = async () => {
  const answer = await world.ask("/metrics");
  return { status: answer.status, type: answer.headers.get("content-type"), text: await answer.text() };
};

describe("/metrics", () => {
  it("tells what was counted and how things stand, in Prometheus' text form", async () => {
    telemetry.observe({ kind: "token-asked", outcome: "answered", tookMs: 3 });
    telemetry.observe({ kind: "token-asked", outcome: "consent_required", tookMs: 3 });
    const attempt = { kind: "attempt", provider: "ledgerly", grant: "refresh-token", tookMs: 700 } as const;
    telemetry.observe({ ...attempt, outcome: "success" });
    telemetry.observe({ kind: "notice-sent", channel: "email", outcome: "failed" });
    telemetry.observe({ kind: "journal-append", outcome: "written", tookMs: 4 });
    const { status, type, text } = await metrics();
    expect([status, type]).toEqual([200, expect.stringContaining("text/plain")]);
    for (const line of [
      'evergrant_token_requests_total{outcome="answered"} 1',
      'evergrant_token_requests_total{outcome="consent_required"} 1',
      'evergrant_attempts_total{provider="ledgerly",grant="refresh-token",outcome="success"} 1',
      'evergrant_attempt_seconds_bucket{le="1",provider="ledgerly"} 1',
      'evergrant_notices_sent_total{channel="email",outcome="failed"} 1',
      'evergrant_journal_appends_total{outcome="written"} 1',
      'evergrant_journal_append_seconds_bucket{le="0.005"} 1',
      'evergrant_api_calls_left{app="books",limit="day"} 17',
      "evergrant_serving 1",
      "evergrant_refreshing 1",
      "evergrant_attempts_in_flight 2",
      "evergrant_answers_owed 1",
      "evergrant_machine_clock_ahead_seconds 7",
      "evergrant_store_clock_behind_seconds 5",
      "evergrant_breakers_open 1",
      "evergrant_mass_refusals 0",
      "evergrant_api_calls_waiting 3",
      "evergrant_census_complete 1",
      'evergrant_notices{state="dead"} 0',
    ])
      expect(text).toContain(`${line}\n`);
    expect(text).toMatch(/evergrant_connections\{status="[a-z-]+"\} 2\n/);
  });

  it("tells serving from refreshing", async () => {
    world.keeper.state = { serving: true, refreshing: false, detail: "the journal cannot be written" };
    expect((await metrics()).text).toContain("evergrant_serving 1\n");
    expect((await metrics()).text).toContain("evergrant_refreshing 0\n");
  });

  it("names the twenty that lapse soonest, and no more, however many connections there are", async () => {
    for (let n = 0; n < 50; n += 1) {
      const made = await world.keeper.connections.create({
        ...{ name: `c${n}`, app: "books", expectedTenant: null, by: "test" },
      });
      const lapsesAtMs = world.keeper.nowMs() + (n + 1) * 1_000;
      world.keeper.connectionsByName.set(made.name, { ...made, lapsesAtMs, renewedAtMs: world.keeper.nowMs() });
    }
    const { text } = await metrics();
    const named = [...text.matchAll(/evergrant_connection_lapses_in_seconds\{connection="(\w+)"\} (\d+)/g)];
    expect(named.map(([, name]) => name)).toEqual(Array.from({ length: 20 }, (_, n) => `c${n}`));
    expect(text).toContain("evergrant_token_age_seconds_count 50\n");
  });

  it("stays when the store does not answer, and says how old it is", async () => {
    await metrics();
    world.keeper.fault = { error: new Error("canary-store-error") };
    world.clock.ms += 60_000;
    const { status, text } = await metrics();
    expect(status).toBe(200);
    expect(text).toContain("evergrant_census_age_seconds 60\n");
    expect(text).toMatch(/evergrant_connections\{status="[a-z-]+"\} 2\n/);
    expect(text).not.toContain("canary");
  });

  it("answers under this machine's names alone", async () => {
    expect((await askAs(world, "localhost:4180", "/metrics")).status).toBe(200);
    expect((await askAs(world, "evil.example", "/metrics")).status).toBe(421);
  });

  it("is not on a listener that is for others", async () => {
    const listeners = {
      public: { host: "127.0.0.1", port: 0 },
      internal: { host: "127.0.0.1", port: 0 },
      admin: { host: "127.0.0.1", port: 0 },
    };
    const open = await startWorld({ telemetry, listeners, publicUrl: "https://evergrant.example" });
    try {
      expect((await fetch(`${open.server.urls.internal}/metrics`)).status).toBe(404);
      expect((await fetch(`${open.server.urls.admin}/metrics`)).status).toBe(200);
    } finally {
      await open.close();
    }
  });
});

describe("OpenTelemetry", () => {
  afterEach(() => {
    trace.disable();
    openTelemetryMetrics.disable();
  });

  it("gets a span that ends now and began as long ago as the attempt took, and counts", () => {
    const told: unknown[] = [];
    const span = {
      setStatus: (status: unknown) => told.push(status),
      end: (atMs: unknown) => told.push(["end", atMs]),
    };
    const tracer = { startSpan: (name: string, options: unknown) => told.push([name, options]) && span };
    trace.setGlobalTracerProvider({ getTracer: () => tracer } as never);
    const instrument = (name: string) => ({
      add: (by: number, attributes: unknown) => told.push([name, by, attributes]),
      record: (value: number) => told.push([name, value]),
    });
    const meter = { createCounter: instrument, createHistogram: instrument };
    openTelemetryMetrics.setGlobalMeterProvider({ getMeter: () => meter } as never);
    const { observe } = createTelemetry(() => 10_000);
    const attributes = { provider: "ledgerly", grant: "refresh-token", outcome: "ambiguous" } as const;
    observe({ kind: "attempt", ...attributes, tookMs: 700 });
    expect(told).toEqual([
      ["evergrant.attempt", 1, attributes],
      ["evergrant.attempt.duration", 700],
      ["evergrant.attempt", { startTime: 9_300, attributes }],
      { code: 2, message: "ambiguous" },
      ["end", 10_000],
    ]);
  });
});
