import { join } from "node:path";
import { type Client, type ClientOptions, createClient, type Notice, type Time, type Unable } from "@evergrant/client";
import { withEvergrant } from "@evergrant/client/xero-node";
import { describe, expect, test } from "vitest";
import { XeroClient } from "xero-node";
import { eventually } from "./kit/eventually.ts";
import { aWorld, type World, type WorldOptions } from "./kit/world.ts";

/** A connected world, and clients in this process that live on its clock and are counted by what they send. */
class ClientWorld implements AsyncDisposable {
  readonly world: World;
  readonly unable: Unable[] = [];
  readonly notices: Notice[] = [];
  tokenRequests = 0;
  readonly #clients: Client[] = [];

  constructor(world: World) {
    this.world = world;
  }

  client(more: Partial<ClientOptions> = {}): Client {
    const { clientId, clientSecret } = this.world.caller;
    const client = createClient({
      ...{ issuer: `${this.world.url}/connections/acme`, clientId, clientSecret },
      ...{ apiOrigins: [this.world.sandbox.urls.api], tenantHeader: "xero-tenant-id" },
      ...{ snapshot: { path: this.path }, time: this.#time() },
      fetch: async (input, init) => {
        if (String(input).endsWith("/oauth2/token")) this.tokenRequests += 1;
        return await fetch(input, init);
      },
      onUnable: (event) => this.unable.push(event),
      onNotice: (event) => this.notices.push(event),
      ...more,
    } as ClientOptions);
    this.#clients.push(client);
    return client;
  }

  get path(): string {
    return join(this.world.folder, "client", "tokens.json");
  }

  async organisation(client: Client): Promise<[number, string | undefined]> {
    const url = `${this.world.sandbox.urls.api}/api.xro/2.0/Organisation`;
    const answer = await client.fetch(url, { headers: { accept: "application/json" } });
    const body = (await answer.json().catch(() => ({}))) as { Organisations?: { Name: string }[] };
    return [answer.status, body.Organisations?.[0]?.Name];
  }

  #time(): Time {
    const offsetMs = () => this.world.sandbox.control.clock().offsetMs;
    return {
      wallMs: () => Date.now() + offsetMs(),
      monotonicMs: () => performance.now() + offsetMs(),
      setTimer: (delayMs, fire) => {
        const handle = setTimeout(fire, delayMs);
        return { cancel: () => clearTimeout(handle) };
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) await client.close();
    await this.world[Symbol.asyncDispose]();
  }
}

async function aClientWorld(options: WorldOptions = {}): Promise<ClientWorld> {
  const world = await aWorld(options);
  await world.connected();
  return new ClientWorld(world);
}

const codeOf = (error: unknown) => (error as { code?: string }).code;

describe("a client of a running Evergrant", () => {
  test("asks once for 1,000 who want a token at the same time, and calls the API", async () => {
    await using here = await aClientWorld();
    const client = here.client();
    const tokens = await Promise.all(Array.from({ length: 1_000 }, () => client.accessToken()));
    expect(new Set(tokens.map(({ accessToken }) => accessToken.reveal())).size).toBe(1);
    expect(await here.organisation(client)).toEqual([200, "Demo Company (NZ)"]);
    expect(here.tokenRequests).toBe(1);
    await here.world.advance("23m");
    const stale = await client.accessToken();
    await eventually(async () => {
      expect((await client.accessToken()).accessToken.reveal()).not.toBe(stale.accessToken.reveal());
    });
    expect(here.tokenRequests).toBe(2);
  });

  test("started while Evergrant is down serves its snapshot until it expires, says so then, and goes on with Evergrant", async () => {
    await using here = await aClientWorld();
    const before = here.client();
    const { accessToken } = await before.accessToken();
    await before.close();
    await here.world.kill();
    await here.world.advance("20m");
    const after = here.client();
    expect((await after.accessToken()).accessToken.reveal()).toBe(accessToken.reveal());
    expect(await here.organisation(after)).toEqual([200, "Demo Company (NZ)"]);
    expect(here.unable).toEqual([]);
    // The first series of tries behind runs in real time.
    await eventually(async () => expect(here.notices.map(({ kind }) => kind)).toEqual(["degraded"]));
    await here.world.advance("10m");
    expect(await after.accessToken().catch(codeOf)).toBe("evergrant_unreachable");
    expect(here.unable).toMatchObject([{ connection: "acme", error: { code: "evergrant_unreachable" } }]);
    await here.world.start();
    await here.world.advance("1m");
    expect(await here.organisation(after)).toEqual([200, "Demo Company (NZ)"]);
    expect(here.notices.map(({ kind }) => kind)).toEqual(["degraded", "recovered"]);
  });

  test("whose token died early, at a rotation, gets the new one behind the API's 401, by fetch and by xero-node", async () => {
    await using here = await aClientWorld({ switches: { access_token_on_rotate: "revoke" } });
    const late = { draw: () => 0.999, bytes: (length: number) => new Uint8Array(length) };
    const [byFetch, bySdk] = [here.client({ chance: late }), here.client({ chance: late })];
    const xero = withEvergrant(bySdk, new XeroClient());
    xero.accountingApi.basePath = `${here.world.sandbox.urls.api}/api.xro/2.0`;
    const { accessToken, tenants } = await byFetch.accessToken();
    const organisation = async () =>
      (await xero.accountingApi.getOrganisations(tenants[0]?.id ?? "")).body.organisations?.[0]?.name;
    expect(await organisation()).toBe("Demo Company (NZ)");
    const rotations = here.world.refreshes().length;
    await here.world.advance("21m");
    expect(here.world.refreshes().length).toBeGreaterThan(rotations);
    expect((await byFetch.accessToken()).accessToken.reveal()).toBe(accessToken.reveal());
    expect(await here.organisation(byFetch)).toEqual([200, "Demo Company (NZ)"]);
    expect((await byFetch.accessToken()).accessToken.reveal()).not.toBe(accessToken.reveal());
    expect(await organisation()).toBe("Demo Company (NZ)");
    const set = (await xero.refreshToken()) as { access_token?: string; refresh_token?: string };
    expect([set.access_token, set.refresh_token]).toEqual([
      (await bySdk.accessToken()).accessToken.reveal(),
      undefined,
    ]);
    const other = new XeroClient();
    withEvergrant(byFetch, other, { connection: "acme" });
    expect(() => withEvergrant(byFetch, other, { connection: "another" })).toThrow(/Make one XeroClient for each/);
  });

  test("hears why there is no token: a wrong secret, an unknown connection, consent that is needed, a provider that is down", async () => {
    await using here = await aClientWorld({ policy: "scaled" });
    const { world } = here;
    const none = { snapshot: { path: join(world.folder, "none") } };
    const wrong = here.client({ ...none, clientSecret: "not-the-secret" });
    expect(await wrong.accessToken().catch(codeOf)).toBe("caller_authentication_failed");
    const url = { issuer: undefined, url: world.url } as unknown as Partial<ClientOptions>;
    const client = here.client({ ...none, ...url });
    expect(await client.accessToken({ connection: "nowhere" }).catch(codeOf)).toBe("connection_not_available");
    await world.connection("fresh");
    await world.permit(["acme", "fresh"]);
    await eventually(async () => {
      const error = await here
        .client({ ...none, ...url })
        .accessToken({ connection: "fresh" })
        .catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: "consent_required", retry: "after-consent", status: 400 });
      expect(String(error)).toMatch(/A person has to give consent/);
    });
    expect((await client.accessToken({ connection: "acme" })).tenants).toHaveLength(1);
    world.sandbox.control.placeFault({
      ...{ endpoint: "token", grantType: "refresh_token", times: 50, point: "before-commit" },
      action: { kind: "status", status: 429, retryAfterSeconds: 30 },
    });
    await world.advance("3m");
    const busy = here.client({ ...none, ...url, patience: { waitMs: 1 } });
    const error = await busy.accessToken({ connection: "acme" }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ status: 503, retry: "later" });
    expect((error as { retryAfterMs: number }).retryAfterMs).toBeGreaterThan(0);
    expect(here.unable.map(({ error: { code } }) => code)).toContain("caller_authentication_failed");
  });
});
