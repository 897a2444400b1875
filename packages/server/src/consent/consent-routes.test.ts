import { ERRORS, EvergrantError } from "@evergrant/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { askAs, startWorld, type World } from "../testing/world.ts";
import { PAGE_STYLE_HASH } from "./page-style.ts";

let world: World;
let link: string;
beforeEach(async () => {
  world = await startWorld();
  link = await newLink();
});
afterEach(() => world.close());

async function newLink(): Promise<string> {
  const { url } = await world.keeper.consents.createLink({ connection: "acme", accept: "ask", by: "operator" });
  return new URL(url).pathname;
}

const sameOrigin = { "sec-fetch-site": "same-origin", origin: "null" };
const post = (path: string, headers: Record<string, string> = sameOrigin) =>
  world.ask(path, { method: "POST", headers: { "content-type": "application/x-www-form-urlencoded", ...headers } });
const get = (path: string, headers: Record<string, string> = {}) => world.ask(path, { headers });
const hostOf = () => new URL(world.server.urls.public).host;

/** A browser that clicks the button and comes back from the provider with `answer`. */
async function consent(answer: (state: string) => string, cookie?: string) {
  const begun = await post(link, { ...sameOrigin, ...(cookie === undefined ? {} : { cookie }) });
  const set = begun.headers.get("set-cookie")?.split(";", 1)[0] ?? cookie ?? "";
  const state = new URL(begun.headers.get("location") ?? "").searchParams.get("state") ?? "";
  const run = world.keeper.consents.runs.get(state);
  const callback = `/oauth/callback/${run?.app}?${answer(state)}`;
  const received = await get(callback, { cookie: set });
  return { begun, cookie: set, callback, received, result: received.headers.get("location") ?? "" };
}

describe("the page behind a consent link", () => {
  it("says who asks, for which system and what, and changes nothing however often it is opened", async () => {
    const pages = [await get(link), await get(link), await world.ask(link, { method: "HEAD" })];
    expect(pages.map((page) => page.status)).toEqual([200, 200, 200]);
    const text = await (pages[0] as Response).text();
    expect(text).toContain("books asks for access to Ledgerly");
    expect(text).toContain(`the operator of ${hostOf()}`);
    expect(text).toContain("<code>books.read</code>");
    expect(text).toContain("If you did not expect this, close this page.");
    expect(text).toContain(`<form method="post" action="${link}">`);
    expect(text.match(/<button/g)).toHaveLength(1);
    expect(text).not.toMatch(/<script|https?:\/\//);
    expect([...world.keeper.consents.runs]).toEqual([]);
    expect(pages.map((page) => page.headers.get("set-cookie"))).toEqual([null, null, null]);
  });

  it("names the organisation to choose", async () => {
    world.keeper.remember({ ...world.keeper.named("acme"), expectedTenant: "Acme <Ltd>" });
    expect(await (await get(link)).text()).toContain("Please choose <strong>Acme &lt;Ltd&gt;</strong>");
  });

  it("lets nothing in: no script, no frame, no referrer, no cache; its form reaches us and the provider", async () => {
    const { headers } = await get(link);
    const policy = headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain(`style-src '${PAGE_STYLE_HASH}'`);
    expect(policy).toContain("form-action 'self' https: http://localhost:4181;");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(headers.get("referrer-policy")).toBe("no-referrer");
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
  });

  it("sends another loopback name to the one that the provider comes back to", async () => {
    const answer = await askAs(world, `127.0.0.1:${new URL(world.server.urls.public).port}`, link);
    expect([answer.status, answer.location]).toEqual([302, `${world.server.urls.public}${link}`]);
  });
});

describe("the button", () => {
  it("binds the browser by a cookie that no other host can set, and sends it to the provider", async () => {
    const begun = await post(link);
    expect(begun.status).toBe(303);
    expect(begun.headers.get("location")).toMatch(/^http:\/\/localhost:4181\/authorize\?state=/);
    const [value, ...attributes] = (begun.headers.get("set-cookie") ?? "").split("; ");
    expect(value).toMatch(/^__Host-evergrant-consent=[A-Za-z0-9_-]{43}$/);
    expect(attributes.sort()).toEqual(["HttpOnly", "Path=/", "SameSite=Lax", "Secure"]);
  });

  it("keeps a browser's cookie, and replaces one that is not well-formed", async () => {
    const cookie = `__Host-evergrant-consent=${"a".repeat(43)}`;
    expect((await post(link, { ...sameOrigin, cookie })).headers.get("set-cookie")).toBeNull();
    expect(
      (await post(link, { ...sameOrigin, cookie: "__Host-evergrant-consent=short" })).headers.get("set-cookie"),
    ).not.toBeNull();
  });

  it("gives each browser a secret of its own", async () => {
    const cookies = [await post(link), await post(link)].map(({ headers }) => headers.get("set-cookie"));
    expect(new Set(cookies).size).toBe(2);
  });

  it("works only from our own page", async () => {
    const foreign: Record<string, string>[] = [
      {},
      { origin: "null" },
      { origin: "https://evil.example" },
      { "sec-fetch-site": "cross-site", origin: world.server.urls.public },
      { "sec-fetch-site": "same-site", origin: "null" },
      { "sec-fetch-site": "none" },
      { "sec-fetch-site": "same-origin", origin: "https://evil.example" },
    ];
    for (const headers of foreign) {
      const answer = await post(link, headers);
      expect([answer.status, answer.headers.get("set-cookie")]).toEqual([403, null]);
      expect(await answer.text()).toContain("consent_cross_site");
    }
    expect(world.keeper.consents.runs.size).toBe(0);
    expect((await post(link, { origin: world.server.urls.public })).status).toBe(303);
  });

  it("cannot be pressed without end", async () => {
    const answers: number[] = [];
    for (let count = 0; count < 61; count += 1) answers.push((await post(link)).status);
    expect([answers.slice(0, 60).every((status) => status === 303), answers.at(-1)]).toEqual([true, 429]);
    world.clock.ms += 1_000;
    expect((await post(link)).status).toBe(303);
  });
});

describe("the way back", () => {
  it("ends on a page that names the organisation", async () => {
    const { received, result, cookie } = await consent((state) => `state=${state}&code=good`);
    expect(received.status).toBe(303);
    const page = await get(result, { cookie });
    expect(page.status).toBe(200);
    expect(page.headers.get("content-security-policy")).toContain("form-action 'none'");
    const text = await page.text();
    expect(text).toContain("<h1>Demo Company (NZ) is connected</h1>");
    expect(text).toContain("Thank you, jane@example.com.");
  });

  it("shows the stored result on reload and sends the code once", async () => {
    const { callback, cookie, result } = await consent((state) => `state=${state}&code=good`);
    const again = await get(callback, { cookie });
    expect(again.headers.get("location")).toBe(result);
    expect(world.keeper.consents.codesSent).toEqual(["good"]);
  });

  it("tells what waits for a yes, and why", async () => {
    const { result, cookie } = await consent((state) => `state=${state}&code=held`);
    const text = await (await get(result, { cookie })).text();
    expect(text).toContain("It waits until the person who sent you the link confirms it.");
    expect(text).toContain("It reaches an organisation that was not connected before.");
  });

  it("tells declined, lost and refused apart", async () => {
    const endings: [(state: string) => string, keyof typeof ERRORS][] = [
      [(state) => `state=${state}&error=access_denied`, "consent_declined"],
      [(state) => `state=${state}&code=lost`, "consent_answer_lost"],
      [(state) => `state=${state}&code=odd`, "consent_code_refused"],
    ];
    for (const [answer, code] of endings) {
      link = await newLink();
      const { result, cookie } = await consent(answer);
      const page = await get(result, { cookie });
      expect(page.status).toBe(ERRORS[code].status);
      expect(await page.text()).toContain(ERRORS[code].message.replaceAll("'", "&#39;"));
    }
  });

  it("sends nobody back to a link whose later consent is in use", async () => {
    const { result, cookie } = await consent((state) => `state=${state}&code=overtaken`);
    const page = await get(result, { cookie });
    expect(page.status).toBe(ERRORS.consent_superseded.status);
    expect(await page.text()).toContain("There is nothing more to do.");
  });

  it("looks again by itself while the answer is being taken in", async () => {
    const begun = await post(link);
    const cookie = begun.headers.get("set-cookie")?.split(";", 1)[0] ?? "";
    const [run] = world.keeper.consents.runs.values();
    expect(await (await get(`/consent/result/${run?.id}`, { cookie })).text()).toContain(
      'http-equiv="refresh" content="2"',
    );
  });

  it("keeps another browser out, of the callback and of the result", async () => {
    const { callback, result } = await consent((state) => `state=${state}&code=good`);
    for (const path of [callback, result]) {
      const answer = await get(path, { cookie: `__Host-evergrant-consent=${"b".repeat(43)}` });
      expect([answer.status, (await answer.text()).includes("consent_browser_mismatch")]).toEqual([403, true]);
    }
    expect((await get(result)).status).toBe(403);
  });

  it("refuses what was not started here: forged, repeated or missing state, another app", async () => {
    await consent((state) => `state=${state}&code=good`);
    const [state] = world.keeper.consents.runs.keys();
    const app = world.keeper.appsByName.get("books")?.id;
    for (const path of [
      `/oauth/callback/${app}`,
      `/oauth/callback/${app}?state=forged&code=good`,
      `/oauth/callback/${app}?state=${state}&state=${state}&code=good`,
      `/oauth/callback/ap_other?state=${state}&code=good`,
    ]) {
      const answer = await get(path);
      expect([answer.status, (await answer.text()).includes("consent_callback_invalid")]).toEqual([400, true]);
    }
  });

  it("is not taken by a HEAD request", async () => {
    const begun = await post(link);
    const { search } = new URL(begun.headers.get("location") ?? "");
    const [run] = world.keeper.consents.runs.values();
    const cookie = begun.headers.get("set-cookie")?.split(";", 1)[0] ?? "";
    const answer = await world.ask(`/oauth/callback/${run?.app}${search}&code=good`, {
      method: "HEAD",
      headers: { cookie },
    });
    expect([answer.status, answer.headers.get("allow")]).toEqual([405, "GET"]);
    expect(world.keeper.consents.codesSent).toEqual([]);
  });
});

describe("refusals", () => {
  it("are plain pages with the right status, whatever is wrong with a link", async () => {
    const codes = [
      "consent_link_invalid",
      "consent_link_used",
      "consent_link_expired",
      "consent_not_needed",
      "provider_unreachable",
      "store_unavailable",
    ] as const;
    for (const code of codes) {
      world.keeper.fault = { error: new EvergrantError(code) };
      const answer = await get(link);
      expect(answer.status).toBe(ERRORS[code].status);
      expect(answer.headers.get("content-type")).toBe("text/html; charset=utf-8");
      expect(answer.headers.get("content-security-policy")).toContain("default-src 'none'");
      expect(await answer.text()).toContain(code);
    }
  });

  it("never show what went wrong inside", async () => {
    world.keeper.fault = { error: new Error("canary-secret in a message") };
    const answer = await get(link);
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain("canary");
    expect(world.logLines.join("")).not.toContain("canary");
  });

  it("keep links, states and cookies out of the log", async () => {
    await consent((state) => `state=${state}&code=good`);
    const log = world.logLines.join("");
    expect(log).toContain('"route":"/consent/:link"');
    expect(log).not.toMatch(/link-|state-|__Host|good/);
  });
});
