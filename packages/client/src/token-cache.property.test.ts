import fc from "fast-check";
import { expect, test } from "vitest";
import { aClientWorld } from "./testing/client-world.ts";
import { refusal } from "./testing/fake-evergrant.ts";

const connections = ["acme", "other", "third"] as const;
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("ask" as const), connection: fc.constantFrom(...connections) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("refused" as const), connection: fc.constantFrom(...connections) }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("time" as const), ms: fc.integer({ min: 1, max: 900_000 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("weather" as const),
      weather: fc.constantFrom("fine", "down", "busy", "forbidden", "nonsense"),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("life" as const), ms: fc.integer({ min: 0, max: 1_800_000 }) }),
  },
);

const WEATHER = {
  fine: null,
  down: () => "down" as const,
  busy: () => refusal(503, "token_not_ready", { retryAfter: 3 }),
  forbidden: () => refusal(400, "connection_not_available"),
  nonsense: () => new Response("<html>", { status: 502 }),
} as const;

test("whatever happens: no expired token, never two requests at once, and nobody's token but one's own", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      const { time, evergrant, client: make } = aClientWorld();
      const client = make();
      const ask = async (connection: string, refused: boolean) => {
        const held = refused ? await client.accessToken({ connection }).catch(() => null) : null;
        const more = held === null ? {} : { refused: held.accessToken };
        const token = await client.accessToken({ connection, ...more }).catch(() => null);
        if (token === null) return;
        const [whose = "", endsAtMs = ""] = token.accessToken.reveal().split(".");
        expect(whose).toBe(connection);
        expect(Number(endsAtMs)).toBeGreaterThan(time.wallMs());
        expect(token.expiresInMs).toBeGreaterThan(0);
        expect(token.expiresInMs).toBeLessThanOrEqual(Number(endsAtMs) - time.wallMs());
        expect(token.tenants).toEqual([{ id: `t-${connection}`, name: `Books of ${connection}` }]);
      };
      const asking: Promise<void>[] = [];
      for (const next of steps) {
        if (next.kind === "ask" || next.kind === "refused")
          asking.push(ask(next.connection, next.kind === "refused"), ask(next.connection, false));
        if (next.kind === "time") await time.advance(next.ms);
        if (next.kind === "weather") evergrant.instead = WEATHER[next.weather as keyof typeof WEATHER];
        if (next.kind === "life") evergrant.lifeMs = next.ms;
      }
      await time.advance(60_000);
      await Promise.all(asking);
      expect(evergrant.mostAtOnce).toBeLessThanOrEqual(1);
    }),
    { numRuns: 150 },
  );
}, 60_000);
