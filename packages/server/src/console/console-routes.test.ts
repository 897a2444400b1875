import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { askAs, startWorld, type World } from "../testing/world.ts";

let world: World;
beforeEach(async () => {
  world = await startWorld();
});
afterEach(() => world.close());

const SAME_ORIGIN = { "sec-fetch-site": "same-origin", origin: "null" };

function post(path: string, form: Record<string, string> = {}, headers: Record<string, string> = SAME_ORIGIN) {
  const body = new URLSearchParams(form);
  return world.ask(path, { method: "POST", body, headers });
}

const signIn = (key: string) => post("/console/sign-in", { key });
const cookieOf = (answer: Response): string => answer.headers.getSetCookie()[0]?.split(";")[0] ?? "";
const consoleWith = (cookie: string) => world.ask("/console", { headers: { cookie } });

describe("signing in to the console by a key", () => {
  it("gives the browser a random value that scripts, other sites and plain http never see, and shows how connections stand", async () => {
    const got = await signIn(world.keeper.operatorKey);
    expect(got.status).toBe(200);
    const [cookie] = got.headers.getSetCookie();
    expect(cookie).toMatch(/^__Host-evergrant-operator=[\w-]{43};/);
    for (const attribute of ["HttpOnly", "Secure", "SameSite=Strict", "Path=/"]) expect(cookie).toContain(attribute);
    expect(cookie).not.toMatch(/Domain|Max-Age|Expires/);
    const page = await (await consoleWith(cookieOf(got))).text();
    for (const shown of ["operator", "(admin)", "acme", "other"]) expect(page).toContain(shown);
    expect(page).not.toContain(world.keeper.operatorKey);
    expect(world.keeper.operators.requests).toMatchObject([{ by: "operator", operation: "listConnections" }]);
  });

  it("is refused with a wrong key, which may be tried only so often", async () => {
    const statuses: number[] = [];
    for (let tries = 0; tries < 21; tries += 1) statuses.push((await signIn(`wrong-${tries}`)).status);
    expect([statuses[0], statuses[19], statuses[20]]).toEqual([401, 401, 429]);
    expect((await signIn("")).headers.getSetCookie()).toEqual([]);
    expect((await signIn(world.keeper.operatorKey)).status).toBe(200);
  });

  it("is refused from another site, and so is signing out", async () => {
    for (const headers of [
      {},
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site" },
      { origin: "null" },
    ]) {
      const got = await post("/console/sign-in", { key: world.keeper.operatorKey }, headers);
      expect([got.status, await got.text()]).toEqual([403, expect.stringContaining("sign_in_cross_site")]);
    }
    const cookie = cookieOf(await signIn(world.keeper.operatorKey));
    expect((await post("/console/sign-out", {}, { cookie })).status).toBe(403);
    expect((await consoleWith(cookie)).status).toBe(200);
  });
});

describe("a session at the console", () => {
  it("is needed: without one, or with somebody's invention, the way leads to signing in", async () => {
    for (const cookie of ["", "__Host-evergrant-operator=x", `__Host-evergrant-operator=${"A".repeat(43)}`]) {
      const got = await consoleWith(cookie);
      expect([got.status, got.headers.get("location")]).toEqual([303, "/console/sign-in"]);
    }
  });

  it("ends by hand, with the one before at the next sign-in, and with its operator", async () => {
    const first = cookieOf(await signIn(world.keeper.operatorKey));
    const headers = { ...SAME_ORIGIN, cookie: first };
    const second = cookieOf(await post("/console/sign-in", { key: world.keeper.operatorKey }, headers));
    expect((await consoleWith(first)).status).toBe(303);
    expect((await consoleWith(second)).status).toBe(200);
    const out = await post("/console/sign-out", {}, { ...SAME_ORIGIN, cookie: second });
    expect([out.status, out.headers.getSetCookie()[0]]).toEqual([
      303,
      expect.stringMatching(/^__Host-evergrant-operator=;/),
    ]);
    expect((await consoleWith(second)).status).toBe(303);
    const { operatorKey } = await (await world.admin("POST", "/operators", { name: "jane", role: "viewer" })).json();
    const jane = cookieOf(await signIn(operatorKey));
    expect(await (await consoleWith(jane)).text()).toContain("jane");
    await world.admin("POST", "/operators/jane/disable");
    expect((await consoleWith(jane)).status).toBe(303);
  });

  it("opens the console's pages and nothing else: the admin API takes keys alone", async () => {
    const cookie = cookieOf(await signIn(world.keeper.operatorKey));
    expect((await world.ask("/api/v1/me", { headers: { cookie } })).status).toBe(401);
  });
});

describe("the console's pages", () => {
  it("answer under this machine's names and the console's own, and lead other names of this machine there", async () => {
    expect((await askAs(world, "evil.example", "/console/sign-in")).status).toBe(421);
    const port = new URL(world.server.urls.public).port;
    const led = await askAs(world, `127.0.0.1:${port}`, "/console");
    expect([led.status, led.location]).toEqual([302, world.server.urls.console]);
    await world.close();
    world = await startWorld({ consoleUrl: "https://console.example" });
    expect(world.server.urls.console).toBe("https://console.example/console");
    expect((await askAs(world, "console.example", "/console/sign-in")).status).toBe(200);
  });

  it("have no script, load nothing, and show names as text", async () => {
    world.keeper.connectionsByName.set("x", {
      ...world.keeper.named("acme"),
      tenants: [{ id: "t", name: "<script>alert(1)</script>", status: "connected", sinceMs: 0 }] as never,
    });
    const got = await consoleWith(cookieOf(await signIn(world.keeper.operatorKey)));
    expect(got.headers.get("content-security-policy")).toMatch(/^default-src 'none'; style-src 'sha256-/);
    const page = await got.text();
    expect(page).toContain("&lt;script&gt;");
    expect(page).not.toContain("<script");
  });

  it("offer no other way in where none is configured", async () => {
    expect(await (await world.ask("/console/sign-in")).text()).not.toContain("Sign in at");
    expect((await post("/console/sign-in/openid")).status).toBe(404);
    expect((await world.ask("/console/sign-in/callback?code=c&state=s")).status).toBe(404);
  });
});

describe("an OpenID provider that is configured wrong or away", () => {
  it("is told at the start, or when somebody signs in", async () => {
    const openId = (issuer: string) => ({ openId: { issuer, clientId: "console", clientSecret: null } });
    for (const issuer of ["nowhere", "http://idp.example", "ftp://localhost"])
      await expect(startWorld(openId(issuer))).rejects.toMatchObject({ code: "sign_in_misconfigured" });
    await world.close();
    // A port of this machine where nobody listens.
    world = await startWorld(openId("http://localhost:9"));
    const got = await post("/console/sign-in/openid");
    expect([got.status, await got.text()]).toEqual([503, expect.stringContaining("sign_in_unavailable")]);
  });
});
