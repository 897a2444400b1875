import { request } from "node:http";
import fc from "fast-check";
import { expect, test } from "vitest";
import { OPERATIONS } from "../control/operations.ts";
import { DESK_FORMS } from "../desk/desk-forms.ts";
import { createSandbox, DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, type Sandbox } from "../index.ts";

interface Shot {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

// Sent by node:http, which passes on what fetch would refuse.
const fire = (sandbox: Sandbox, shot: Shot): Promise<{ status: number; body: string }> =>
  new Promise((resolve, reject) => {
    const length = String(Buffer.byteLength(shot.body));
    const head = { host: `localhost:${sandbox.port}`, "content-length": length, ...shot.headers };
    const sent = request(
      { host: "127.0.0.1", port: sandbox.port, agent: false, method: shot.method, path: shot.path, headers: head },
      (answer) => {
        let body = "";
        answer.on("data", (piece: Buffer) => {
          body += piece.toString();
        });
        answer.on("end", () => resolve({ status: answer.statusCode ?? 0, body }));
      },
    );
    sent.on("error", reject);
    sent.end(shot.body);
  });

const text = fc.oneof(
  fc.string({ maxLength: 60 }),
  fc.string({ unit: "binary", maxLength: 30 }),
  fc.constantFrom("", "%", "%zz", "\u0000", "__proto__", "constructor", "a".repeat(3000), "../..", "null", "[]", "{}"),
);
const ascii = fc.string({ unit: fc.constantFrom(..."abcXYZ019 :=;,/%&?\"'+-_.~!*()<>[]{}|\\^`@#$"), maxLength: 80 });
const base64 = text.map((value) => Buffer.from(value).toString("base64"));

const knownPaths = [
  "/connect/token",
  "/connect/revocation",
  "/connect/userinfo",
  "/.well-known/openid-configuration",
  "/identity/connect/authorize",
  "/identity/user/login",
  "/identity/user/switch",
  "/identity/connect/consent",
  "/connected-apps",
  "/connected-apps/login",
  "/connected-apps/disconnect",
  "/identity/custom-connections/authorise",
  "/identity/custom-connections/login",
  "/identity/custom-connections/switch",
  "/identity/custom-connections/decide",
  "/connections",
  "/connections/x",
  "/api.xro/2.0/Organisation",
  ...["Accounts", "Contacts", "Invoices", "Invoices/x", "Payments", "BankTransactions"].map(
    (path) => `/api.xro/2.0/${path}`,
  ),
  ...[
    // Every operation and every form that there is; the live stream has no end and its own test.
    ...new Set(OPERATIONS.map(([, path]) => path.replaceAll(/:\w+/g, "x"))),
    ...Object.keys(DESK_FORMS).map((path) => `desk/${path}`),
    "desk",
    "openapi.json",
    `apps/${DEMO_CLIENT_ID}/webhook`,
    `apps/${DEMO_CLIENT_ID}/webhook/intent-to-receive`,
    "portal",
    "portal/new",
    "portal/mails",
    "portal/mails/x",
    `portal/apps/${DEMO_CLIENT_ID}`,
    "portal/apps/x/save",
    "portal/apps/x/secret",
    "portal/apps/x/webhook",
    "clock/followers/x",
  ].map((path) => `/__sandbox/${path}`),
];

const names = [
  "grant_type",
  "refresh_token",
  "code",
  "redirect_uri",
  "client_id",
  "client_secret",
  "scope",
  "state",
  "token",
  "csrf",
  "request",
  "decision",
  "organisation",
  "email",
  "password",
  "code_verifier",
  "response_type",
  "acr_values",
  "prompt",
  "connection",
  "page",
  "authEventId",
  "by",
  "to",
  "link",
  "url",
  "categories",
  "resourceId",
];
const values = fc.oneof(
  text,
  fc.constantFrom(
    "refresh_token",
    "authorization_code",
    "client_credentials",
    DEMO_CLIENT_ID,
    DEMO_CLIENT_SECRET,
    "code",
    "allow",
    "http://localhost:4180/callback",
    "openid",
  ),
);
const form = fc
  .array(fc.tuple(fc.oneof(fc.constantFrom(...names), text), values), { maxLength: 8 })
  .map((pairs) => new URLSearchParams(pairs).toString());
const json = fc.oneof(
  fc.json(),
  fc
    .dictionary(
      fc.constantFrom(...names, "name", "redirectUris", "action", "point", "endpoint", "kind"),
      fc.jsonValue(),
    )
    .map((value) => JSON.stringify(value)),
  text,
);

const headers = fc.record(
  {
    authorization: fc.oneof(
      ascii,
      base64.map((value) => `Basic ${value}`),
      ascii.map((value) => `Bearer ${value}`),
      fc.constant(`Basic ${Buffer.from(`${DEMO_CLIENT_ID}:${DEMO_CLIENT_SECRET}`).toString("base64")}`),
    ),
    "content-type": fc.oneof(
      fc.constantFrom(
        "application/x-www-form-urlencoded",
        "application/json",
        "multipart/form-data",
        "multipart/form-data; boundary=x",
        "text/plain",
        "application/json; charset=utf-7",
        "*",
      ),
      ascii,
    ),
    cookie: fc.oneof(
      ascii,
      ascii.map((value) => `sandbox_login=${value}; sandbox_browser=${value}`),
    ),
    accept: ascii,
    "xero-tenant-id": ascii,
    // As the browser says it of the sandbox's own page.
    "sec-fetch-site": fc.constant("same-origin"),
  },
  { requiredKeys: [] },
);

const shot: fc.Arbitrary<Shot> = fc.record({
  method: fc.constantFrom("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"),
  path: fc
    .tuple(
      fc.oneof(
        { weight: 5, arbitrary: fc.constantFrom(...knownPaths) },
        { weight: 1, arbitrary: text.map((value) => `/${encodeURI(value.toWellFormed())}`) },
      ),
      fc.oneof(form, ascii.map(encodeURI), fc.constant("")),
    )
    .map(([path, query]) => (query === "" ? path : `${path}?${query}`)),
  headers,
  body: fc.oneof(form, json, fc.constant("")),
});

// A snapshot is the sandbox whole, with its keys, and is given to this machine alone.
const isSnapshot = (path: string): boolean => /^\/__sandbox\/snapshots?(?:[/?]|$)/.test(path);

test("whatever is sent, nobody gets a 5xx, a stack trace or a secret", async () => {
  await using sandbox = await createSandbox();
  await fc.assert(
    fc.asyncProperty(shot, async (each) => {
      const { status, body } = await fire(sandbox, each);
      sandbox.control.clearFaults();
      expect(status, `${each.method} ${each.path}`).toBeLessThan(500);
      expect(body).not.toMatch(/\bat .+\.ts:\d+|node_modules/);
      if (!isSnapshot(each.path)) expect(body).not.toMatch(/privateJwk|passwordHash/);
      if (!each.path.includes(DEMO_CLIENT_SECRET) && !each.body.includes(DEMO_CLIENT_SECRET))
        expect(body).not.toContain(DEMO_CLIENT_SECRET);
    }),
    { numRuns: 2500 },
  );
  expect(
    (await fire(sandbox, { method: "GET", path: "/.well-known/openid-configuration", headers: {}, body: "" })).status,
  ).toBe(200);
});

/** A browser that has opened the portal, and a link that waits for its answer. */
async function aVisitor(sandbox: Sandbox) {
  const { clientId } = sandbox.control.createCustomConnection({
    name: "Nightly",
    email: "jane@demo.example",
    scopes: ["accounting.settings"],
  });
  const page = await fetch(`${sandbox.urls.control}/portal/new`);
  const cookie = page.headers
    .getSetCookie()
    .map((each) => each.split(";")[0])
    .join("; ");
  const csrf = /name="csrf" value="([^"]+)"/.exec(await page.text())?.[1] ?? "";
  const link = new URL(sandbox.control.mails().at(-1)?.link ?? "").searchParams.get("link") ?? "";
  return { clientId, cookie, csrf, link };
}

test("forms that came from our own pages, filled in with anything, get no 5xx and no stack trace", async () => {
  await using sandbox = await createSandbox();
  const { clientId, cookie, csrf, link } = await aVisitor(sandbox);
  const posts = [
    "/new",
    ...["save", "mail", "deactivate", "organisation", "purchase", "purchase/end", "secret", "secret/remove"].map(
      (act) => `/apps/${clientId}/${act}`,
    ),
    ...["", "/intent-to-receive", "/remove"].map((act) => `/apps/${DEMO_CLIENT_ID}/webhook${act}`),
  ].map((path) => `/__sandbox/portal${path}`);
  const consents = ["login", "switch", "decide"].map((path) => `/identity/custom-connections/${path}`);
  const field = fc.tuple(
    fc.oneof(
      fc.constantFrom(
        ...["name", "company-url", "email", "password", "scope.accounting.settings", "organisation", "decision", "url"],
        ...["category.CONTACT", "secret", "replace"],
      ),
      text,
    ),
    fc.oneof(
      text,
      fc.constantFrom("jane@demo.example", "sandbox", "allow", "buy", "decline", "http://localhost:1/hooks"),
    ),
  );
  const filled = fc.tuple(fc.constantFrom(...posts, ...consents), fc.array(field, { maxLength: 6 }));
  await fc.assert(
    fc.asyncProperty(filled, async ([path, fields]) => {
      // A repeated name is refused before anything is read.
      const form = new URLSearchParams([...new Map(fields)]);
      form.set("csrf", csrf);
      form.set("request", link);
      const headers = { "content-type": "application/x-www-form-urlencoded", cookie };
      const { status, body } = await fire(sandbox, { method: "POST", path, headers, body: form.toString() });
      expect(status, `${path} ${form}`).toBeLessThan(500);
      expect(body).not.toMatch(/\bat .+\.ts:\d+|node_modules/);
      expect(body).not.toContain("This page is out of date");
    }),
    { numRuns: 500 },
  );
});

test("a body beyond the limit is refused", async () => {
  await using sandbox = await createSandbox();
  for (const path of ["/connect/token", "/__sandbox/users"]) {
    const { status } = await fire(sandbox, {
      method: "POST",
      path,
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: "x".repeat(300_000),
    });
    expect(status).toBe(413);
  }
});
