import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { aCaller, aConnection, aHeldConsent, fakeNode, OPERATOR_KEY, problem } from "./testing/fake-node.ts";
import { run } from "./testing/recorded-world.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

const env = { EVERGRANT_OPERATOR_KEY: OPERATOR_KEY };

describe("exit codes", () => {
  test("0 for what was done, with the result on standard output alone", async () => {
    await using node = await fakeNode(() => ({ status: 200, body: { connections: [aConnection()] } }));
    const ran = await run(["connections", "--url", node.url], { env });
    expect(ran).toMatchObject({ exitCode: 0, err: "" });
    expect(ran.out).toMatch(/^acme +connected +Demo Company \(NZ\) +books/m);
    expect(node.heard).toMatchObject([{ method: "GET", path: "/api/v1/connections" }]);
  });

  test("1 for a refusal, told with its code", async () => {
    await using node = await fakeNode(() => problem(404, "connection_unknown", "acme"));
    const ran = await run(["connections", "show", "acme", "--url", node.url], { env });
    expect(ran).toMatchObject({ exitCode: 1, out: "" });
    expect(ran.err).toBe("error: The title of connection_unknown. (acme) [connection_unknown]");
  });

  test.each([
    [["nonsense"]],
    [["connections", "show"]],
    [["connections", "--frob"]],
    [["start", "--port", "65536"]],
    [["start", "--smtp", "smtps://mail.example"]],
    [["start", "--smtp", "smtps://mail.example", "--mail-from", "a@b.example", "--smtp-ca-file", "/no/such/file"]],
    [["sandbox", "--dialect", "nonsense"]],
    [["connections", "show", "../x"]],
    [["why", "acme", "--limit", "0"]],
    [["apps", "add", "books", "--provider", "xero"]],
    [["callers", "add", "night", "--may", "everything:acme"]],
    [["callers", "add", "night", "--gateway", "acme get"]],
    [["callers", "permit", "night"]],
    [["demo", "--provider", "nonsense"]],
  ])("2 for a wrong command line: %j", async (args) => {
    const ran = await run(args, { env });
    expect(ran).toMatchObject({ exitCode: 2, out: "" });
    expect(ran.err).toMatch(/^error: \S/);
    expect(ran.err).not.toMatch(/\n\s+at /);
  });

  test("0 for help", async () => {
    const ran = await run(["connect", "--help"]);
    expect(ran).toMatchObject({ exitCode: 0, err: "" });
    expect(ran.out).toContain("--accept-any");
  });
});

test("permissions are given whole and narrowed together, and told in the words they were given in", async () => {
  const only = { methods: ["GET"], paths: ["/a/**"], tenants: ["t-1"] };
  const permissions = [
    { connection: "acme", right: "consent" },
    { connection: "acme", right: "gateway", only },
  ] as const;
  const caller = aCaller({ name: "night", permissions });
  await using node = await fakeNode(({ method }) => ({
    status: 200,
    body: method === "GET" ? { callers: [caller] } : caller,
  }));
  const narrowed = "acme GET /a/** tenant:t-1";
  const args = ["callers", "permit", "night", "--may", "consent:acme", "--gateway", narrowed, "--url", node.url];
  const ran = await run(args, { env });
  expect(ran.exitCode).toBe(0);
  expect(node.heard.at(-1)).toMatchObject({ method: "PUT", body: { permissions } });
  expect(ran.out).toContain("consent:acme, gateway:acme (GET /a/** tenant:t-1)");
});

describe("with --json", () => {
  test("a result is one JSON value", async () => {
    await using node = await fakeNode(() => ({ status: 200, body: aConnection() }));
    const ran = await run(["--json", "connections", "show", "acme", "--url", node.url], { env });
    expect(JSON.parse(ran.out)).toEqual(aConnection());
  });

  test("a refusal is one JSON value on standard error", async () => {
    await using node = await fakeNode(() => problem(409, "name_taken"));
    const ran = await run(["callers", "add", "night", "--url", node.url, "--json"], { env });
    expect(ran).toMatchObject({ exitCode: 1, out: "" });
    expect(JSON.parse(ran.err)).toEqual({
      error: { code: "name_taken", message: "The title of name_taken.", status: 409 },
    });
  });

  test("so is a wrong command line", async () => {
    const ran = await run(["connections", "--frob", "--json"]);
    expect(ran).toMatchObject({ exitCode: 2, out: "" });
    expect(JSON.parse(ran.err)).toMatchObject({ error: { code: "usage" } });
  });

  test("nobody is asked, even on a terminal", async () => {
    await using node = await fakeNode(() => ({
      status: 200,
      body: { disconnected: [], remaining: [], grantRevoked: true },
    }));
    const ran = await run(["connections", "remove", "acme", "--json", "--url", node.url], { env, interactive: true });
    expect(ran).toMatchObject({ exitCode: 0, questions: [] });
  });
});

describe("the running node", () => {
  test("that does not answer is told in one sentence", async () => {
    const gone = await fakeNode(() => problem(500, "internal_error"));
    await gone[Symbol.asyncDispose]();
    const ran = await run(["health", "--url", gone.url], { env });
    expect(ran.exitCode).toBe(1);
    expect(ran.err).toBe(
      `error: No running Evergrant answers. Start one, or give its address with --url. (${gone.url}) [node_unreachable]`,
    );
  });

  test("is known from the demo's own file, with its key", async () => {
    using folder = temporaryFolder();
    await using node = await fakeNode(() => ({ status: 200, body: { callers: [] } }));
    writeFileSync(join(folder.path, "demo.json"), JSON.stringify(demoFacts(node.url)));
    expect((await run(["callers", "list", "--folder", folder.path])).exitCode).toBe(0);
    const elsewhere = await run(["callers", "list", "--folder", folder.path, "--url", "http://localhost:9"]);
    expect(elsewhere.err).toContain("[operator_key_invalid]");
  });

  test("is not sent a key in clear off this machine, nor a key that lies here", async () => {
    using folder = temporaryFolder();
    writeFileSync(join(folder.path, "operator-key"), OPERATOR_KEY);
    const plain = await run(["health", "--url", "http://evergrant.example"], { env });
    expect(plain.err).toContain("[plain_http_refused]");
    const foreign = await run(["health", "--folder", folder.path, "--url", "https://evergrant.example"]);
    expect(foreign.err).toContain("[operator_key_invalid]");
  });

  test("that is something else is told so", async () => {
    await using node = await fakeNode(() => ({ status: 200, body: { hello: "world" } }));
    expect((await run(["health", "--url", node.url], { env })).err).toContain("not this version of Evergrant");
  });

  test("may answer anything: never a stack, never another exit code", async () => {
    let reply: { status: number; body: unknown } = { status: 200, body: null };
    await using node = await fakeNode(() => reply);
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(200, 201, 400, 404, 500, 503), fc.jsonValue(), async (status, body) => {
        reply = { status, body };
        const ran = await run(["connections", "show", "acme", "--url", node.url], { env });
        expect(ran.exitCode).toBe(1);
        expect(ran.err).toMatch(/^error: [^\n]+ \[\w+\]$/);
      }),
      { numRuns: 50 },
    );
  });
});

describe("apps add", () => {
  const added = {
    id: "ap_1",
    name: "books",
    provider: "xero",
    clientId: "id",
    scopes: [],
    origins: null,
    clientSecrets: [],
    redirectUri: "http://localhost:4180/oauth/callback/ap_1",
    createdAtMs: 0,
  };
  const args = ["apps", "add", "books", "--provider", "xero", "--client-id", "id"];

  test("takes the secret from standard input and shows the redirect URI", async () => {
    await using node = await fakeNode(() => ({ status: 201, body: added }));
    const ran = await run([...args, "--client-secret-stdin", "--url", node.url], { env, input: "s3cret\n" });
    expect(ran.out).toContain(added.redirectUri);
    expect(ran.out + ran.err).not.toContain("s3cret");
    expect(node.heard[0]?.body).toMatchObject({ name: "books", clientSecret: "s3cret", scopes: null, origins: null });
  });

  test("asks for it on a terminal, and refuses to go without it elsewhere", async () => {
    await using node = await fakeNode(() => ({ status: 201, body: added }));
    await run([...args, "--url", node.url], { env, interactive: true, answers: ["s3cret"] });
    expect(node.heard[0]?.body).toMatchObject({ clientSecret: "s3cret" });
    expect((await run([...args, "--url", node.url], { env })).exitCode).toBe(2);
    expect(node.heard).toHaveLength(1);
  });

  test("takes origins and scopes", async () => {
    await using node = await fakeNode(() => ({ status: 201, body: added }));
    const more = [
      "--no-client-secret",
      "--scopes",
      "openid, offline_access",
      "--origins",
      "identity=http://a,login=http://b,api=http://c",
    ];
    await run([...args, ...more, "--url", node.url], { env });
    expect(node.heard[0]?.body).toMatchObject({
      clientSecret: null,
      scopes: ["openid", "offline_access"],
      origins: { identity: "http://a", login: "http://b", api: "http://c" },
    });
  });
});

describe("connections warm", () => {
  test.each([
    [["always"], { kind: "always" }],
    [["idle"], { kind: "idle" }],
    [["0 2 * * 1-5"], { kind: "cron", cron: "0 2 * * 1-5", zone: "UTC" }],
    [["0 2 * * *", "--zone", "Pacific/Auckland"], { kind: "cron", cron: "0 2 * * *", zone: "Pacific/Auckland" }],
  ])("%s", async (args, body) => {
    const warm = { kind: "cron", cron: "0 2 * * *", zone: "UTC" } as const;
    await using node = await fakeNode(() => ({ status: 200, body: aConnection({ warm }) }));
    const ran = await run(["connections", "warm", "acme", ...args, "--url", node.url], { env });
    expect(node.heard).toMatchObject([{ method: "PUT", path: "/api/v1/connections/acme/warm-hours", body }]);
    expect(ran.out).toContain("for 0 2 * * * (UTC)");
  });
});

describe("connect", () => {
  test("makes the connection and one link, accepting nothing beforehand", async () => {
    await using node = await fakeNode(newConnection([]));
    const ran = await run(["connect", "acme", "--app", "books", "--expect-tenant", "Demo", "--url", node.url], { env });
    expect(ran.exitCode).toBe(0);
    expect(ran.out).toContain("http://localhost/consent/first");
    expect(node.heard.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "GET /api/v1/connections/acme",
      "POST /api/v1/connections",
      "GET /api/v1/connections/acme/reconsent-link",
      "POST /api/v1/connections/acme/consent-links",
    ]);
    expect(node.heard[1]?.body).toEqual({ name: "acme", app: "books", expectedTenant: "Demo" });
    expect(node.heard[3]?.body).toEqual({ accept: "ask" });
  });

  test("asks at once on a terminal when the consent waits", async () => {
    await using node = await fakeNode(newConnection([aHeldConsent()]));
    const ran = await run(["connect", "acme", "--app", "books", "--expect-tenant", "Demo", "--url", node.url], {
      env,
      interactive: true,
      answers: [true],
    });
    expect(ran.questions).toEqual(["Demo Company (NZ), by jane@demo.example: accept?"]);
    expect(node.heard.at(-1)).toMatchObject({ path: "/api/v1/consents/cs_1/decision", body: { accept: true } });
    expect(ran.out).toContain("acme is connected: Demo Company (NZ).");
  });

  test("gives the link to consent again where there was a consent, and does not wait", async () => {
    await using node = await fakeNode(({ path }) =>
      path.endsWith("/reconsent-link")
        ? { status: 200, body: { url: "http://localhost/consent/again", qrSvg: "<svg/>" } }
        : { status: 200, body: aConnection() },
    );
    const ran = await run(["connect", "acme", "--url", node.url], { env, interactive: true });
    expect(ran).toMatchObject({ exitCode: 0, questions: [] });
    expect(ran.out).toContain("http://localhost/consent/again");
    expect((await run(["connect", "acme", "--app", "other", "--url", node.url], { env })).exitCode).toBe(2);
  });

  function newConnection(held: readonly unknown[]) {
    const fresh = aConnection({ status: "awaiting-consent", tenants: [], subject: null, expectedTenant: "Demo" });
    const accepted = {
      kind: "accepted",
      connection: "acme",
      tenants: ["Demo Company (NZ)"],
      subjectName: null,
      sharedWith: [],
    };
    return ({ method, path }: { method: string; path: string }) => {
      if (path.endsWith("/reconsent-link")) return problem(409, "consent_not_needed");
      if (path.endsWith("/consent-links"))
        return { status: 201, body: { url: "http://localhost/consent/first", qrSvg: "<svg/>", expiresAtMs: 1_000 } };
      if (path.startsWith("/api/v1/consents?")) return { status: 200, body: { consents: held } };
      if (path.endsWith("/decision")) return { status: 200, body: accepted };
      return method === "POST" ? { status: 201, body: fresh } : problem(404, "connection_unknown");
    };
  }
});

describe("token", () => {
  const answer = {
    access_token: "header.payload.signature",
    token_type: "Bearer",
    expires_in: 1700,
    scope: "offline_access",
    tenants: [{ id: "t-1", name: "Demo" }],
  };

  test("prints the token alone, got with plain client credentials", async () => {
    await using node = await fakeNode(() => ({ status: 200, body: answer }));
    const ran = await run(["token", "acme", "--client-id", "night job", "--url", node.url], {
      env: { EVERGRANT_CLIENT_SECRET: "a+b:c" },
    });
    expect(ran).toMatchObject({ exitCode: 0, out: "header.payload.signature" });
    expect(node.heard[0]).toMatchObject({
      path: "/connections/acme/oauth2/token",
      authorization: `Basic ${Buffer.from("night+job:a%2Bb%3Ac").toString("base64")}`,
      body: "grant_type=client_credentials",
    });
  });

  test("tells a refusal with its code and link", async () => {
    const body = {
      error: "consent_required",
      error_description: "A person is needed.",
      code: "consent_required",
      consent_url: "http://localhost/x",
    };
    await using node = await fakeNode(() => ({ status: 400, body }));
    const ran = await run(["token", "acme", "--client-id", "night", "--url", node.url], { input: "s" });
    expect(ran).toMatchObject({
      exitCode: 1,
      out: "",
      err: "error: A person is needed. The link: http://localhost/x [consent_required]",
    });
  });
});

describe("start with a mail server", () => {
  test.each([
    [["--smtp", "http://mail.example", "--mail-from", "a@b.example"], "smtps://host"],
    [["--smtp", "smtps://mail.example", "--mail-from", "nobody"], "sender"],
    [["--smtp", "smtps://mail.example", "--mail-from", "a@b.example", "--smtp-ca-file", import.meta.filename], "PEM"],
  ])("%j: is refused in words before anything is opened", async (args, why) => {
    const ran = await run(["start", "--port", "0", ...args], { env });
    expect(ran.exitCode).toBe(1);
    expect(ran.err).toMatch(/^error: [^\n]+ \[mail_server_invalid\]$/);
    expect(ran.err).toContain(why);
  });
});

describe("notices", () => {
  const recipient = {
    ...{ id: "rc_1", channel: "webhook", address: "https://hooks.example/", connection: "acme", secrets: [] },
    ...{ only: ["consent-needed", "recovered"], disabledAtMs: null, createdAtMs: 1 },
  };

  test("shows a webhook's secret the once that it is there to be shown", async () => {
    await using node = await fakeNode(() => ({ status: 201, body: { recipient, secret: "whsec_shown" } }));
    const args = ["notices", "add-webhook", "https://hooks.example/", "--connection", "acme"];
    const ran = await run([...args, "--only", "consent-needed,recovered", "--url", node.url], { env });
    expect([ran.exitCode, ran.err]).toEqual([0, ""]);
    expect(ran.out).toContain("whsec_shown");
    expect(ran.out).toContain("connection acme");
  });

  test("refuses what is no notice, and a replay that names nothing", async () => {
    await using node = await fakeNode(() => ({ status: 500, body: {} }));
    const wrong = await run(["notices", "add-email", "a@b.example", "--only", "rain", "--url", node.url], { env });
    expect([wrong.exitCode, wrong.err]).toEqual([2, expect.stringContaining("There is no notice rain")]);
    const empty = await run(["notices", "replay", "--url", node.url], { env });
    expect([empty.exitCode, empty.err]).toEqual([2, expect.stringContaining("--dead")]);
  });

  test("tells what became of each delivery", async () => {
    const delivery = {
      ...{ id: 7, notice: "app-broken", recipient: "rc_1", address: "https://hooks.example/", status: "dead" },
      ...{ attempts: 9, atMs: 1, dueAtMs: null, error: "it answered 503", settledAtMs: 2 },
    };
    const counts = { undistributed: 0, waiting: 0, dead: 1, oldestWaitingSinceMs: null };
    await using node = await fakeNode(() => ({ status: 200, body: { deliveries: [delivery], counts } }));
    const ran = await run(["notices", "deliveries", "--status", "dead", "--url", node.url], { env });
    expect(ran.out).toMatch(/7 +app-broken +https:\/\/hooks\.example\/ .* dead +9 +it answered 503/);
  });
});

const NOT_HELD = {
  ...{ state: "none", sinceMs: null, because: [], node: "nd_1", deployment: "dp_1", incarnation: 1, released: null },
};

describe("health", () => {
  test("ends with 1 where no new tokens can be fetched", async () => {
    const health = { serving: true, refreshing: false, detail: "the journal cannot be written" };
    await using node = await fakeNode(({ path }) =>
      path.endsWith("/me")
        ? {
            status: 200,
            body: { name: "operator", role: "admin", publicUrl: "http://localhost:4180", nowMs: 0, health },
          }
        : {
            status: 200,
            body: path.endsWith("/quarantine")
              ? NOT_HELD
              : { connections: [aConnection({ status: "consent-needed" })] },
          },
    );
    const ran = await run(["health", "--url", node.url], { env });
    expect(ran.exitCode).toBe(1);
    expect(ran.out).toContain("acme: consent-needed");
    expect(ran.err).toContain("the journal cannot be written");
  });

  test("says that the database is in quarantine where it is", async () => {
    const health = { serving: true, refreshing: false, detail: "the database may be restored or copied" };
    const held = { state: "held", sinceMs: 5, because: [], node: "nd_1", deployment: "dp_1", incarnation: 1 };
    await using node = await fakeNode(({ path }) => {
      const me = { name: "operator", role: "admin", publicUrl: "http://localhost:4180", nowMs: 0, health };
      if (path.endsWith("/me")) return { status: 200, body: me };
      return { status: 200, body: path.endsWith("/quarantine") ? { ...held, released: null } : { connections: [] } };
    });
    const ran = await run(["health", "--url", node.url], { env });
    expect(ran.exitCode).toBe(1);
    expect(ran.err).toContain("[store_quarantined]");
  });
});

describe("audit", () => {
  const record = (sequence: number) => ({
    ...{ node: "nd_1", sequence, atMs: 0, by: "operator", event: "caller-created", hash: "0" },
    ...{ subject: { kind: "caller", id: "cl_1" }, facts: { name: "reports" } },
  });

  test("reads on until it has as many records as were asked for", async () => {
    await using node = await fakeNode(({ path }) => {
      const cursor = new URL(path, "http://x").searchParams.get("cursor");
      const from = cursor === null ? 1 : Number(cursor);
      return { status: 200, body: { records: [record(from), record(from + 1)], next: String(from + 2) } };
    });
    const ran = await run(["audit", "--limit", "4", "--json", "--url", node.url], { env });
    expect(JSON.parse(ran.out).records).toHaveLength(4);
  });

  test("verify ends with 1 where a record was changed, and says which", async () => {
    const chains = [{ node: "nd_1", records: 9, head: "abc", firstBroken: 4 }];
    await using node = await fakeNode(() => ({ status: 200, body: { intact: false, chains } }));
    const ran = await run(["audit", "verify", "--url", node.url], { env });
    expect([ran.exitCode, ran.out]).toEqual([1, expect.stringContaining("CHANGED at record 4")]);
    expect(ran.err).toContain("[audit_broken]");
  });
});

function demoFacts(url: string) {
  return {
    evergrant: url,
    console: null,
    issuer: `${url}/connections/demo-company`,
    tokenEndpoint: `${url}/connections/demo-company/oauth2/token`,
    clientId: "cl_1",
    clientSecret: "secret",
    operatorKey: OPERATOR_KEY,
    connection: "demo-company",
    consentLink: `${url}/consent/x`,
    sandbox: null,
  };
}
