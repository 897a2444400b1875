import type { ConnectionView } from "@evergrant/keeper";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { basic, startWorld, type World } from "../testing/world.ts";

let world: World;
beforeEach(async () => {
  world = await startWorld();
  world.keeper.plantCaller("monitor", "s3cret", [{ connection: "acme", right: "observe" }]);
});
afterEach(() => world.close());

const ask = (name: string, caller = "monitor", init: RequestInit = {}) =>
  world.ask(`/api/v1/connections/${name}/status`, { ...init, headers: basic(caller, "s3cret") });
const told = async (answer: Response) => [answer.status, await answer.json()];

describe("the status of a connection", () => {
  it("is told to a caller that may observe it: state, lapse, organisations, missing scopes", async () => {
    const view: ConnectionView = {
      ...world.keeper.named("acme"),
      ...{
        status: "tenant-gone",
        subject: "jane",
        scope: "openid",
        lapsesAtMs: 9,
        checkedAtMs: 5,
        sharedWith: ["other"],
      },
      missingScopes: ["books.read"],
      tenants: [
        {
          ...{ id: "t-1", name: "Acme", connectionId: "c-1", consentEventId: "e-1", updatedAtMs: 1 },
          status: "gone",
          sinceMs: 4,
        },
      ],
      trouble: { kind: "app-error", detail: "said the provider", sinceMs: 3, failures: 2 },
    };
    world.keeper.remember(view);
    const answer = await ask("acme");
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(await told(answer)).toEqual([
      200,
      {
        ...{
          name: "acme",
          status: "tenant-gone",
          lapsesAtMs: 9,
          renewedAtMs: null,
          accessExpiresAtMs: null,
          checkedAtMs: 5,
        },
        missingScopes: ["books.read"],
        tenants: [{ id: "t-1", name: "Acme", status: "gone", sinceMs: 4 }],
        trouble: { kind: "app-error", sinceMs: 3 },
      },
    ]);
  });

  it("is told to nobody else, and not whether there is such a connection", async () => {
    world.keeper.plantCaller("reader", "s3cret", [{ connection: "acme", right: "token" }]);
    const [forbidden, unknown, none] = await Promise.all([ask("acme", "reader"), ask("nowhere"), ask("other")]);
    const bodies = await Promise.all([forbidden, unknown, none].map(told));
    for (const [status, body] of bodies) {
      expect(body).toMatchObject({ status, code: "connection_not_available" });
      expect({ ...(body as object), requestId: null }).toEqual({ ...(bodies[0]?.[1] as object), requestId: null });
    }
    expect(await told(await ask("acme", "nobody"))).toMatchObject([401, { code: "caller_authentication_failed" }]);
  });

  it("takes the caller's own credentials, not the operator key, and only GET", async () => {
    const asOperator = await world.admin("GET", "/connections/acme/status");
    expect(await told(asOperator)).toMatchObject([401, { code: "caller_authentication_failed" }]);
    expect((await ask("acme", "monitor", { method: "POST" })).status).toBe(405);
  });

  it("answers from another listener than the admin API's, where the two are apart", async () => {
    const apart = await startWorld({
      listeners: {
        public: { host: "127.0.0.1", port: 0 },
        internal: "with-public",
        admin: { host: "127.0.0.1", port: 0 },
      },
    });
    apart.keeper.plantCaller("monitor", "s3cret", [{ connection: "acme", right: "observe" }]);
    const answer = await apart.ask("/api/v1/connections/acme/status", { headers: basic("monitor", "s3cret") });
    await apart.close();
    expect(answer.status).toBe(200);
  });
});
