import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { type AppId, Secret } from "@evergrant/core";
import { type OpenKeeper, openKeeper, PROVIDERS, type Provider } from "@evergrant/keeper";
import { afterEach, beforeEach, describe, expect, it, test } from "vitest";
import { DOCUMENTED, type Documented, HOME } from "./kit/documented-providers.ts";
import { eventually } from "./kit/eventually.ts";
import { MovableTime } from "./kit/movable-time.ts";

// The documented answers of each provider, given by a server of this machine to the catalogue's own data.

const BROWSER = new Secret("a-browser-of-the-test-that-nobody-else-has");
const TOKENS = { access_token: "access-1", refresh_token: "refresh-1", token_type: "Bearer" };
let folder: string;
let time: MovableTime;
let kept: OpenKeeper;
let closeKept: () => Promise<void> = async () => undefined;
let identity: StandIn;
let home: StandIn;

interface Heard {
  readonly path: string;
  readonly authorization: string | null;
  readonly body: URLSearchParams;
}

interface StandIn {
  readonly origin: string;
  readonly server: Server;
  readonly heard: Heard[];
  answers: Readonly<Record<string, unknown>>;
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "evergrant-providers-"));
  time = new MovableTime();
  [identity, home] = [await aStandIn(), await aStandIn()];
});
afterEach(async () => {
  await closeKept();
  for (const { server } of [identity, home]) await new Promise((closed) => server.close(closed));
  rmSync(folder, { recursive: true, force: true });
});

async function aStandIn(): Promise<StandIn> {
  const heard: Heard[] = [];
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    const body = new URLSearchParams(await text(request));
    heard.push({ path: pathname, authorization: request.headers.authorization ?? null, body });
    const answer = standIn.answers[pathname];
    response.setHeader("content-type", "application/json");
    response.statusCode = answer === undefined ? 404 : 200;
    response.end(JSON.stringify(answer ?? {}));
  });
  await new Promise<void>((ready) => server.listen(0, "localhost", ready));
  const origin = `http://localhost:${(server.address() as AddressInfo).port}`;
  const standIn: StandIn = { origin, server, heard, answers: {} };
  return standIn;
}

/** The catalogue's provider on this machine: its hosts are the stand-ins, all else is as it is. */
function onThisMachine(provider: Provider): Provider {
  const { endpoints, homes, tenants } = provider;
  if (endpoints.kind !== "fixed") throw new Error("it has no endpoints of its own");
  const at = (address: string) => `${identity.origin}${new URL(address).pathname}${new URL(address).search}`;
  const here = "(?:http://)?localhost:\\d+";
  const ruled = (rule: NonNullable<Provider["homes"]["api"]>) => ({
    ...{ ...rule, pattern: here },
    origin: rule.origin === "{}" ? "{}" : "http://{}",
  });
  return {
    ...provider,
    endpoints: {
      ...endpoints,
      ...{ issuer: identity.origin, authorization: at(endpoints.authorization), token: at(endpoints.token) },
      revocation: endpoints.revocation === null ? null : at(endpoints.revocation),
    },
    apiOrigins: provider.apiOrigins.length === 0 ? [] : [identity.origin],
    homes: {
      tokenEndpoint: homes.tokenEndpoint === null ? null : ruled(homes.tokenEndpoint),
      api: homes.api === null ? null : ruled(homes.api),
    },
    tenants:
      tenants.kind === "token-answer" && tenants.member === homes.api?.name ? { ...tenants, pattern: here } : tenants,
  };
}

/** Text with the home's address put in, as this provider writes it. */
function atHome<T>(value: T, provider: Provider): T {
  const written = provider.homes.api?.origin === "{}" ? home.origin : new URL(home.origin).host;
  return JSON.parse(JSON.stringify(value ?? {}).replaceAll(HOME, written)) as T;
}

interface Begun {
  readonly app: AppId;
  readonly authorize: URLSearchParams;
}

async function open(provider: Provider): Promise<void> {
  kept = await openKeeper({
    ...{ folder, publicUrl: "http://localhost:1", time, journalMayVanish: true, connection: "acme" },
    providers: new Map([[provider.id, provider]]),
  });
  closeKept = () => kept.close();
}

async function begin(provider: Provider): Promise<Begun> {
  await open(provider);
  const app = await kept.keeper.apps.add({
    ...{ name: "books", provider: provider.id, clientId: "id", clientSecret: new Secret("secret"), scopes: null },
    ...{ origins: null, by: "test" },
  });
  await kept.keeper.connections.create({ name: "acme", app: "books", expectedTenant: null, by: "test" });
  const link = await kept.keeper.consents.createLink({ connection: "acme", accept: "any-tenant", by: "test" });
  const secret = new Secret(link.url.split("/").at(-1) ?? "");
  const { authorizeUrl } = await kept.keeper.consents.begin(secret, BROWSER);
  return { app: app.id, authorize: new URL(authorizeUrl).searchParams };
}

function prepare(provider: Provider, documented: Documented, nonce: string | null): void {
  const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = { aud: "id", ...documented.claims, ...(nonce === null ? {} : { nonce }) };
  const idToken =
    documented.claims === undefined ? {} : { id_token: `${encoded({ alg: "RS256" })}.${encoded(claims)}.s` };
  const token = { ...TOKENS, ...atHome(documented.answer, provider), ...idToken };
  const path = provider.endpoints.kind === "fixed" ? new URL(provider.endpoints.token).pathname : "";
  for (const standIn of [identity, home]) standIn.answers = { ...documented.api, [path]: token };
}

async function comesBack({ app, authorize }: Begun, more: Readonly<Record<string, string>>) {
  const params = new URLSearchParams({ code: "the-code", state: authorize.get("state") ?? "", ...more });
  const consent = await kept.keeper.consents.receive({ app, params, browser: BROWSER });
  return await kept.keeper.consents.result(consent, BROWSER);
}

test("every provider with a person's consent is told about here", () => {
  const withoutXero = [...PROVIDERS.values()].filter(
    ({ kind, endpoints, id }) => kind === "authorization_code" && endpoints.kind === "fixed" && id !== "xero",
  );
  expect(Object.keys(DOCUMENTED).sort()).toEqual(withoutXero.map(({ id }) => id).sort());
});

describe.each(Object.entries(DOCUMENTED))("%s", (id, documented) => {
  it("is asked, understood, and refreshed where its grant lies", async () => {
    const provider = onThisMachine(PROVIDERS.get(id) ?? expect.unreachable());
    const begun = await begin(provider);
    expect(begun.authorize.get("scope")).toBe(provider.defaultScopes.join(provider.scopeSeparator) || null);
    for (const [name, value] of Object.entries(provider.authorizeParameters))
      expect(begun.authorize.get(name)).toBe(value);
    prepare(provider, documented, begun.authorize.get("nonce"));
    expect(await comesBack(begun, atHome(documented.callback ?? {}, provider))).toMatchObject({ kind: "accepted" });
    const connection = await kept.keeper.connections.byName("acme");
    expect(connection).toMatchObject({ status: "connected", subject: documented.subject });
    expect(connection.tenants.map((tenant) => tenant.id)).toEqual(atHome(documented.tenants, provider));

    const api = provider.homes.api === null ? identity : home;
    if (documented.api !== undefined)
      expect(
        api.heard.filter(({ path }) => path in (documented.api ?? {})).map(({ authorization }) => authorization),
      ).toContain("Bearer access-1");
    const tokens = provider.homes.tokenEndpoint === null ? identity : home;
    const sent = () => tokens.heard.filter(({ body }) => body.has("grant_type"));
    const basic = `Basic ${Buffer.from("id:secret").toString("base64")}`;
    for (const { authorization, body } of sent())
      expect([authorization, body.get("client_secret")]).toEqual(
        provider.clientAuthentication === "client_secret_basic" ? [basic, null] : [null, "secret"],
      );
    await kept.accessToken();
    await time.advance(provider.policy.accessLifeMs * 0.7);
    await eventually(async () => {
      await time.advance(5_000);
      expect(sent().map(({ body }) => body.get("grant_type"))).toEqual(["authorization_code", "refresh_token"]);
    });
    const asked = `http://localhost:1/oauth/callback/${begun.app}`;
    const named = sent().map(({ body }) => body.get("redirect_uri"));
    expect(named).toEqual([asked, provider.refreshRequest === "standard" ? null : asked]);
    const elsewhere = tokens === identity ? home : identity;
    expect(elsewhere.heard.filter(({ body }) => body.has("grant_type"))).toEqual([]);
  });
});

describe.each(["quickbooks-online", "zoho-books"])("what the callback of %s said", (id) => {
  it("outlasts a store that went back to before it", async () => {
    const provider = onThisMachine(PROVIDERS.get(id) ?? expect.unreachable());
    const documented = DOCUMENTED[id] ?? expect.unreachable();
    const begun = await begin(provider);
    await kept.close();
    const before = join(folder, "before");
    const isOfStore = (name: string) => name.startsWith("evergrant.db");
    for (const name of readdirSync(folder).filter(isOfStore)) cpSync(join(folder, name), join(before, name));
    await open(provider);
    prepare(provider, documented, begun.authorize.get("nonce"));
    await comesBack(begun, atHome(documented.callback ?? {}, provider));
    await kept.close();

    for (const name of readdirSync(folder).filter(isOfStore)) rmSync(join(folder, name));
    cpSync(before, folder, { recursive: true });
    await open(provider);
    await eventually(async () => {
      await time.advance(5_000);
      expect(await kept.keeper.connections.byName("acme")).toMatchObject({ status: "connected" });
    });
    const { tenants, subject } = await kept.keeper.connections.byName("acme");
    expect([tenants.map((tenant) => tenant.id), subject]).toEqual([
      atHome(documented.tenants, provider),
      documented.subject,
    ]);
    const codes = [...identity.heard, ...home.heard].filter(({ body }) => body.has("code"));
    expect(codes).toHaveLength(1);
  });
});

describe("a grant's home", () => {
  it("is believed only where it fits: nothing is sent elsewhere, and the consent fails", async () => {
    const provider = onThisMachine(PROVIDERS.get("salesforce") ?? expect.unreachable());
    const begun = await begin(provider);
    const documented = DOCUMENTED["salesforce"] ?? expect.unreachable();
    const answer = { ...documented.answer, instance_url: "https://evil.example" };
    prepare(provider, { ...documented, answer }, null);
    expect(await comesBack(begun, {})).toMatchObject({ kind: "failed", code: "consent_answer_incomplete" });
    expect((await kept.keeper.connections.byName("acme")).status).toBe("awaiting-consent");
  });

  it("has to be in the callback before the code goes anywhere", async () => {
    const provider = onThisMachine(PROVIDERS.get("zoho-books") ?? expect.unreachable());
    const begun = await begin(provider);
    for (const server of [{}, { "accounts-server": "https://accounts.zoho.com.evil.example" }])
      await expect(comesBack(begun, server)).rejects.toMatchObject({ code: "consent_callback_invalid" });
    expect([...identity.heard, ...home.heard]).toEqual([]);
  });

  it("has to be somebody's: a consent that reaches no organisation is refused, as nothing would say where its tokens may go", async () => {
    const provider = onThisMachine(PROVIDERS.get("zoho-books") ?? expect.unreachable());
    const begun = await begin(provider);
    const documented = DOCUMENTED["zoho-books"] ?? expect.unreachable();
    prepare(provider, { ...documented, api: { "/books/v3/organizations": { code: 0, organizations: [] } } }, null);
    const result = await comesBack(begun, atHome(documented.callback ?? {}, provider));
    expect(result).toMatchObject({ kind: "failed", code: "consent_answer_incomplete" });
    expect((await kept.keeper.connections.byName("acme")).status).toBe("awaiting-consent");
  });

  it("is kept from an address that was pasted, while its list cannot be read, until an operator's yes", async () => {
    const provider = onThisMachine(PROVIDERS.get("zoho-books") ?? expect.unreachable());
    const documented = DOCUMENTED["zoho-books"] ?? expect.unreachable();
    const { app } = await begin(provider);
    const { consents, connections } = kept.keeper;
    const pasted = await consents.beginPasted("acme", "test");
    prepare(provider, { ...documented, api: {} }, null);
    const state = new URL(pasted.authorizeUrl).searchParams.get("state") ?? "";
    const paste = (more: Readonly<Record<string, string>>) => {
      const query = new URLSearchParams({ code: "the-code", state, ...more });
      return consents.receivePasted(pasted.id, new Secret(`http://localhost:1/oauth/callback/${app}?${query}`));
    };
    await expect(paste({})).rejects.toMatchObject({ code: "consent_callback_invalid" });
    expect(home.heard).toEqual([]);

    let isHeld = false;
    const held = paste(atHome(documented.callback ?? {}, provider)).finally(() => {
      isHeld = true;
    });
    await eventually(async () => {
      await time.advance(5_000);
      expect(isHeld).toBe(true);
    });
    expect(await held).toMatchObject({ kind: "held", because: ["tenants-unread"] });
    prepare(provider, documented, null);
    const yes = () => consents.decide(pasted.id, { accept: true, by: "test" });
    expect(await yes()).toMatchObject({ kind: "held", because: ["initiator-must-confirm"] });
    expect(await yes()).toMatchObject({ kind: "accepted", tenants: ["Zillum"] });
    const [tenant] = (await connections.byName("acme")).tenants;
    expect(tenant?.pinned).toEqual({ tokenEndpoint: home.origin, api: home.origin });
    expect(identity.heard).toEqual([]);
  });

  it("stays where it was pinned, whatever a later answer says, and is where one's own program may send a token", async () => {
    const provider = onThisMachine(PROVIDERS.get("salesforce") ?? expect.unreachable());
    const documented = DOCUMENTED["salesforce"] ?? expect.unreachable();
    const begun = await begin(provider);
    prepare(provider, documented, null);
    await comesBack(begun, {});
    await kept.accessToken();
    prepare(provider, { ...documented, answer: { ...documented.answer, instance_url: identity.origin } }, null);
    await time.advance(provider.policy.accessLifeMs * 0.7);
    await eventually(async () => {
      await time.advance(5_000);
      expect(identity.heard.some(({ body }) => body.get("grant_type") === "refresh_token")).toBe(true);
    });
    const [tenant] = (await kept.keeper.connections.byName("acme")).tenants;
    expect(tenant?.pinned).toEqual({ tokenEndpoint: null, api: home.origin });
    // What a refresh does to the token before it is not known of this provider: the API is asked, where it lies.
    home.answers = { "/services/data": [] };
    await eventually(async () => {
      await time.advance(5_000);
      expect(home.heard.map(({ path, authorization }) => [path, authorization])).toContainEqual([
        "/services/data",
        "Bearer access-1",
      ]);
    });
    expect((await kept.fetch(`${home.origin}/services/data`)).status).toBe(200);
    await expect(kept.fetch(`${identity.origin}/services/data`)).rejects.toMatchObject({ code: "input_invalid" });
  });
});
