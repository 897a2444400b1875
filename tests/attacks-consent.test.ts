import type { App } from "@evergrant/contract";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { beginConsent, bring, codesSent, consentsBy, revocations, saysYes } from "./kit/consent-run.ts";
import { aWorld, DEMO_COMPANY, MAPLE, type World } from "./kit/world.ts";

const JANE = "jane@demo.example";

/** What one who has the attacker's own account and a way to the victim's browser may try: nothing of it connects anything. */
describe("a consent that nobody finished where it was started", () => {
  let world: World;
  let link: string;
  let mallory: { readonly email: string; readonly organisation: string };
  beforeAll(async () => {
    world = await aWorld();
    await world.start();
    await world.setUp();
    mallory = world.aPerson("mallory");
  });
  afterAll(() => world?.[Symbol.asyncDispose]());
  beforeEach(async () => {
    link = (await world.link("acme", "any-tenant")).url;
  });

  /** Runs an attack; whatever it tried, no code was spent and nothing is connected. */
  async function spendsNothing(attack: () => Promise<void>): Promise<void> {
    const before = codesSent(world);
    await attack();
    expect(codesSent(world)).toBe(before);
    expect((await world.status()).status).toBe("awaiting-consent");
    expect((await world.askToken()).status).toBe(400);
  }

  test("login CSRF: the victim's browser is sent to the answer of the attacker's account", async () => {
    await spendsNothing(async () => {
      const attacker = await beginConsent(link);
      const { url } = await saysYes(attacker.authorizeUrl, mallory.email, mallory.organisation);
      const victim = await beginConsent(link);
      for (const cookie of [victim.cookie, ""]) {
        const answer = await bring(url, cookie);
        expect([answer.status, answer.text.includes("consent_browser_mismatch")]).toEqual([403, true]);
      }
    });
  });

  test("cross-user session fixation: the victim says yes at an address that the attacker's browser was given", async () => {
    await spendsNothing(async () => {
      const attacker = await beginConsent(link);
      const page = await saysYes(attacker.authorizeUrl, JANE, DEMO_COMPANY);
      expect([page.status, page.text().includes("Another browser")]).toEqual([403, true]);
    });
  });

  test("session fixation: a cookie that another host or plain http could have set is not taken", async () => {
    await spendsNothing(async () => {
      const known = "a".repeat(43);
      const planted = `evergrant-consent=${known}; evergrant_consent=${known}; __Host-evergrant-consent=short`;
      const begun = await beginConsent(link, { cookie: planted });
      expect(begun.cookie).toMatch(/^__Host-evergrant-consent=[A-Za-z0-9_-]{43}$/);
      expect(begun.cookie).not.toContain(known);
      const { url } = await saysYes(begun.authorizeUrl, JANE, DEMO_COMPANY);
      expect((await bring(url, planted)).status).toBe(403);
    });
  });

  test("mix-up: an answer at another app's redirect URI, or one that another issuer says is its own", async () => {
    await spendsNothing(async () => {
      const { identity, login, api } = world.sandbox.urls;
      const app = { provider: "xero", clientId: "other", clientSecret: "s", origins: { identity, login, api } };
      const name = `other-${Date.now()}`;
      const other = await world.admin.post<App>("/apps", { name, ...app });
      const begun = await beginConsent(link);
      const { url } = await saysYes(begun.authorizeUrl, JANE, DEMO_COMPANY);
      const elsewhere = `${other.redirectUri}${new URL(url).search}`;
      for (const address of [elsewhere, `${url}&iss=${encodeURIComponent("https://evil.example")}`]) {
        const answer = await bring(address, begun.cookie);
        expect([answer.status, answer.text.includes("consent_callback_invalid")]).toEqual([400, true]);
      }
    });
  });

  test("duplicated, empty and missing parameters: each is refused before anything is spent", async () => {
    await spendsNothing(async () => {
      const begun = await beginConsent(link);
      const { url } = await saysYes(begun.authorizeUrl, JANE, DEMO_COMPANY);
      const code = new URL(url).searchParams.get("code") ?? "";
      const at = (query: string) => `${url.split("?")[0]}?${query}`;
      const good = `code=${encodeURIComponent(code)}&state=${begun.state}`;
      const queries = [
        "",
        `code=${code}`,
        `code=${code}&state=`,
        `state=${begun.state}`,
        `state=${begun.state}&code=`,
        `${good}&state=${begun.state}`,
        `${good}&code=${code}`,
        `${good}&code=`,
        `${good}&error=access_denied`,
        `${good}&error=`,
        `${good}&iss=`,
        `${good}&iss=${world.sandbox.urls.identity}&iss=${world.sandbox.urls.identity}`,
        `state=${begun.state}&error=`,
        `${good}&state`,
        `code=${code}&state=${begun.state}x`,
        `code=${code}&state=${"s".repeat(5_000)}`,
      ];
      for (const query of queries) {
        const answer = await bring(at(query), begun.cookie);
        expect([query, answer.status, answer.text.includes("consent_callback_invalid")]).toEqual([query, 400, true]);
      }
    });
  });

  test("open redirect: nothing that a request brings decides where a browser is sent", async () => {
    await spendsNothing(async () => {
      const evil = "https://evil.example/";
      const more = `?redirect_uri=${evil}&next=${evil}&return_to=//evil.example&error_uri=${evil}`;
      const forged = { "x-forwarded-host": "evil.example", forwarded: "host=evil.example" };
      const begun = await beginConsent(`${link}${more}`, forged);
      const { origin, searchParams } = new URL(begun.authorizeUrl);
      expect(origin).toBe(new URL(world.sandbox.urls.login).origin);
      expect(searchParams.get("redirect_uri")).toMatch(new RegExp(`^${world.url}/oauth/callback/[^/?]+$`));
      for (const path of [
        `/consent//evil.example${more}`,
        `/consent/%2F%2Fevil.example`,
        `/oauth/callback/x${more}&state=s&code=c`,
      ])
        expect((await bring(`${world.url}${path}`)).location).toBe("");
    });
  });

  test("cross-user fixation in one browser: the code of one run with the state of another is worth nothing", async () => {
    const second = (await world.link("acme", "any-tenant")).url;
    const one = await beginConsent(link);
    const other = await beginConsent(second, { cookie: one.cookie });
    expect(other.cookie).toBe(one.cookie);
    const mallorys = await saysYes(one.authorizeUrl, mallory.email, mallory.organisation);
    const crossed = new URL(mallorys.url);
    crossed.searchParams.set("state", other.state);
    const { location } = await bring(crossed.href, one.cookie);
    const result = await bring(`${world.url}${location}`, one.cookie);
    expect([result.status, result.text.includes("consent_code_refused")]).toEqual([502, true]);
    expect((await world.status()).status).toBe("awaiting-consent");
  });
});

describe("a first-consent link that went astray", () => {
  test("foreign account: without somebody's yes it is never served, and a no revokes it", async () => {
    await using world = await aWorld();
    await world.start();
    await world.setUp();
    const mallory = world.aPerson("mallory");
    const { url } = await world.link("acme", "ask");
    expect(await consentsBy(url, mallory.email, mallory.organisation)).toContain("not in use yet");
    expect((await world.askToken()).status).toBe(400);
    const [held] = await world.held();
    expect(held).toMatchObject({ because: ["initiator-must-confirm"], tenants: [mallory.organisation] });
    expect(held?.from).toMatchObject({ address: expect.stringMatching(/127\.0\.0\.1|::1/) });
    await world.admin.post(`/consents/${held?.id}/decision`, { accept: false });
    expect([(await world.status()).status, revocations(world)]).toEqual(["awaiting-consent", 1]);
  });

  test("taken back: it is dead, and who was on the way by it waits for an operator", async () => {
    await using world = await aWorld();
    await world.start();
    await world.setUp();
    const { url } = await world.link("acme", "any-tenant");
    const begun = await beginConsent(url);
    const { url: callback } = await saysYes(begun.authorizeUrl, JANE, DEMO_COMPANY);
    await world.admin.post("/connections/acme/consent-links/revoke");
    expect((await bring(url)).status).toBe(404);
    await bring(callback, begun.cookie);
    expect(await world.held()).toMatchObject([{ because: ["link-revoked"] }]);
    expect((await world.askToken()).status).toBe(400);
  });
});

describe("a re-consent link that leaked", () => {
  test("does nothing while its connection is well; a stranger by it waits, harms nothing, and is gone with the epoch", async () => {
    await using world = await aWorld();
    await world.connected();
    const again = async () => (await world.admin.get<{ url: string }>("/connections/acme/reconsent-link")).url;
    const leaked = await again();
    expect(await again()).toBe(leaked);
    expect((await bring(leaked)).text).toContain("There is nothing to do");
    await expect(beginConsent(leaked)).rejects.toThrow("409");
    for (const forged of [leaked.replace(".0.", ".1."), `${leaked.slice(0, -1)}${leaked.endsWith("A") ? "B" : "A"}`])
      expect((await bring(forged)).status).toBe(404);

    await lackScope(world);
    const mallory = world.aPerson("mallory");
    expect(await consentsBy(leaked, mallory.email, mallory.organisation)).toContain("not in use yet");
    const [held] = await world.held();
    expect(held?.because).toEqual(["other-subject", "expected-tenant-missing", "new-tenant"]);
    expect(await world.organisation(await world.token())).toEqual({ status: 200, name: DEMO_COMPANY });

    const onTheWay = await beginConsent(leaked);
    const { url: callback } = await saysYes(onTheWay.authorizeUrl, JANE, DEMO_COMPANY);
    await world.admin.post("/connections/acme/consent-links/revoke");
    expect((await bring(leaked)).status).toBe(404);
    await bring(callback, onTheWay.cookie);
    expect((await world.held()).map(({ because }) => because)).toContainEqual(["link-revoked"]);
    expect(await consentsBy(await again(), JANE, DEMO_COMPANY)).toContain("is connected");
    await world.advance("40m");
    expect(await world.organisation(await world.token())).toEqual({ status: 200, name: DEMO_COMPANY });
  });

  test("revival of a sealed chain: a late yes does not put older tokens in the place of newer ones, nor a no revoke them", async () => {
    await using world = await aWorld();
    await world.connected();
    await lackScope(world);
    const { url } = await world.admin.get<{ url: string }>("/connections/acme/reconsent-link");
    // The same person, but with an organisation that was not there: it waits.
    await consentsBy(url, JANE, MAPLE);
    const [held] = await world.held();
    expect(held?.because).toEqual(["new-tenant"]);
    const maple = await world.connection("maple", { expectedTenant: MAPLE });
    expect(await consentsBy((await world.link(maple.name)).url, JANE, MAPLE)).toContain("is connected");

    await expect(world.admin.post(`/consents/${held?.id}/decision`, { accept: true })).rejects.toThrow(
      "consent_superseded",
    );
    await world.admin.post(`/consents/${held?.id}/decision`, { accept: false });
    await expect(world.admin.post(`/consents/${held?.id}/decision`, { accept: true })).rejects.toThrow(
      "consent_not_waiting",
    );
    expect(revocations(world)).toBe(0);
    await world.advance("40m");
    expect(await world.organisation(await world.token())).toEqual({ status: 200, name: DEMO_COMPANY });
  });

  test("of two operators who decide at the same moment, one does", async () => {
    await using world = await aWorld();
    await world.start();
    await world.setUp();
    await consentsBy((await world.link("acme", "ask")).url, JANE, DEMO_COMPANY);
    const [held] = await world.held();
    const decide = (accept: boolean) =>
      world.admin.post<{ kind: string }>(`/consents/${held?.id}/decision`, { accept }).then(
        ({ kind }) => kind,
        (error: unknown) => String(error),
      );
    const said = await Promise.all([decide(true), decide(false)]);
    const decided = said.filter((word) => word === "accepted" || word === "refused");
    expect(said.filter((word) => word.includes("consent_not_waiting"))).toHaveLength(1);
    expect(await world.held()).toEqual([]);
    const { status } = await world.askToken();
    expect([decided, status]).toEqual(decided[0] === "accepted" ? [["accepted"], 200] : [["refused"], 400]);
  });
});

/** A scope that nobody was asked for yet: the connection goes on, and its re-consent link acts. */
async function lackScope(world: World): Promise<void> {
  const [app] = (await world.admin.get<{ apps: readonly App[] }>("/apps")).apps;
  await world.admin.put(`/apps/${app?.name}/scopes`, {
    scopes: [...(app?.scopes ?? []), "accounting.attachments.read"],
  });
  expect(await world.status()).toMatchObject({ status: "connected", missingScopes: ["accounting.attachments.read"] });
}
