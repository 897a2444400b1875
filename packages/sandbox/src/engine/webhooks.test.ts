import fc from "fast-check";
import { expect, test } from "vitest";
import { anEngine, clientId } from "../testing/engine-world.ts";
import {
  type BusinessEvent,
  deliveryAnswered,
  dueEvents,
  emitEvent,
  probesAnswered,
  probeWebhook,
  setWebhook,
  type Turn,
  type Webhook,
} from "./index.ts";

const minute = 60_000;
const event = (resourceId: string): BusinessEvent => ({
  organisationId: "organisation",
  category: "CONTACT",
  type: "UPDATE",
  resourceId,
});

/** A connected app whose webhook is active. */
function aWorld() {
  const world = anEngine();
  world.consents(0);
  world.engine.run(0, (turn) => {
    setWebhook(turn, clientId, { url: "http://localhost:1/hooks", categories: ["CONTACT"] });
    probeWebhook(turn, clientId);
    probesAnswered(turn, clientId, true);
  });
  const webhook = (): Webhook => {
    const row = world.engine.view.get("webhooks", clientId);
    if (row === undefined) throw new Error("no webhook");
    return row;
  };
  const run = <R>(atMs: number, work: (turn: Turn) => R): R => world.engine.run(atMs, work);
  return { ...world, run, webhook };
}

test("however deliveries fail and events come, each event is delivered in order, once, unless the webhook was given up after a day", () => {
  const step = fc.record({
    waitMs: fc.integer({ min: 0, max: 600 * minute }),
    events: fc.integer({ min: 0, max: 4 }),
    /** While a delivery is under way. */
    meanwhile: fc.integer({ min: 0, max: 2 }),
    ok: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const { run, webhook } = aWorld();
      let nowMs = 1;
      let emitted = 0;
      const delivered: string[] = [];
      let failedSinceMs: number | null = null;
      for (const { waitMs, events, meanwhile, ok } of steps) {
        nowMs += waitMs;
        const emits = (count: number) => {
          for (let index = 0; index < count; index += 1) {
            const { state, failures, nextAttemptAtMs } = webhook();
            const apps = run(nowMs, (turn) => emitEvent(turn, event(String(emitted))));
            if (apps === 1) emitted += 1;
            expect(apps).toBe(state === "active" ? 1 : 0);
            // News does not hurry an address that is failing.
            if (failures > 0) expect(webhook().nextAttemptAtMs).toBe(nextAttemptAtMs);
          }
        };
        emits(events);
        const { state, nextAttemptAtMs } = webhook();
        if (state === "active" && nextAttemptAtMs !== null && nextAttemptAtMs <= nowMs) {
          const due = run(nowMs, (turn) => dueEvents(turn.draft, clientId));
          expect(due.length).toBeGreaterThan(0);
          const lastSequence = due.at(-1)?.sequence ?? 0;
          emits(meanwhile);
          run(nowMs, (turn) => deliveryAnswered(turn, clientId, { ok, lastSequence }));
          if (ok) delivered.push(...due.map(({ resourceId }) => resourceId));
          failedSinceMs = ok ? null : (failedSinceMs ?? nowMs);
        }
        const after = webhook();
        const waiting = run(nowMs, (turn) => dueEvents(turn.draft, clientId)).length;
        if (after.state === "active") expect(after.nextAttemptAtMs === null).toBe(waiting === 0);
        else expect([nowMs - (failedSinceMs ?? nowMs) >= 24 * 60 * minute, waiting]).toEqual([true, 0]);
      }
      expect(delivered).toEqual(delivered.map((_, index) => String(index)));
      if (webhook().state === "active") {
        const waiting = run(nowMs, (turn) => dueEvents(turn.draft, clientId)).map(({ resourceId }) => resourceId);
        expect([...delivered, ...waiting]).toEqual(Array.from({ length: emitted }, (_, index) => String(index)));
      }
    }),
    { numRuns: 300 },
  );
});

test("an event is part of the change that made it: what is rolled back is not told", () => {
  const { engine, failNextWrite, run, webhook } = aWorld();
  failNextWrite();
  expect(() => run(1, (turn) => emitEvent(turn, event("c1")))).toThrow("disk full");
  expect([webhook().lastSequence, [...engine.view.all("webhookEvents")]]).toEqual([0, []]);
  run(2, (turn) => emitEvent(turn, event("c2")));
  expect([...engine.view.all("webhookEvents")]).toMatchObject([{ sequence: 1, resourceId: "c2", atMs: 2 }]);
});

test("pauses double from the first to four hours, and the last try is at the end of the window", () => {
  const { run, webhook } = aWorld();
  run(0, (turn) => emitEvent(turn, event("c1")));
  const pauses: number[] = [];
  let nowMs = 0;
  while (webhook().state === "active") {
    run(nowMs, (turn) => deliveryAnswered(turn, clientId, { ok: false, lastSequence: 1 }));
    const next = webhook().nextAttemptAtMs;
    if (next === null) break;
    pauses.push((next - nowMs) / minute);
    nowMs = next;
  }
  expect(pauses.slice(0, 9)).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 240]);
  expect([nowMs / minute, webhook().state]).toEqual([24 * 60, "disabled"]);
});
