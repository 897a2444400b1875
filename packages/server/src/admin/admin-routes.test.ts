import { ADMIN_API, BACKUP_MEDIA_TYPE, OPERATION_WORDS, type OperationName, problemSchema } from "@evergrant/contract";
import { type RecipientId, roleSuffices } from "@evergrant/core";
import type { DeliveryView } from "@evergrant/keeper";
import { type Document, OpenAPIBackend } from "openapi-backend";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { askAs, startWorld, type World } from "../testing/world.ts";

let world: World;
beforeEach(async () => {
  world = await startWorld();
});
afterEach(() => world.close());

async function answer(method: string, path: string, body?: unknown) {
  const got = await world.admin(method, path, body);
  const text = await got.text();
  return { status: got.status, body: text === "" ? null : JSON.parse(text), headers: got.headers };
}

describe("the operator key", () => {
  it("opens every operation, and nothing opens without it", async () => {
    for (const name of Object.keys(ADMIN_API) as OperationName[]) {
      const { method, path } = ADMIN_API[name];
      const url = `/api/v1${path.replace(":name", "acme").replace(":id", "cl_1")}`;
      const without = await world.ask(url, { method });
      expect([name, without.status]).toEqual([name, expect.toSatisfy((status) => status === 401 || status === 429)]);
      expect((await answer(method, url.slice("/api/v1".length))).status).not.toBe(401);
    }
  });

  it("is asked for with a challenge, and a wrong one gets a problem document", async () => {
    const got = await world.ask("/api/v1/me", { headers: { authorization: "Bearer wrong" } });
    expect([got.status, got.headers.get("content-type")]).toEqual([401, "application/problem+json; charset=utf-8"]);
    expect(got.headers.get("www-authenticate")).toMatch(/^Bearer /);
    expect(problemSchema.parse(await got.json()).code).toBe("operator_key_invalid");
  });

  it("may be wrong only so often, and a right one still passes then", async () => {
    const statuses: number[] = [];
    for (let count = 0; count < 21; count += 1) statuses.push((await world.ask("/api/v1/me")).status);
    expect([statuses[19], statuses[20]]).toEqual([401, 429]);
    expect((await answer("GET", "/me")).status).toBe(200);
    world.clock.ms += 5_000;
    expect((await world.ask("/api/v1/me")).status).toBe(401);
  });
});

describe("roles", () => {
  const urlOf = (path: string) => `/api/v1${path.replace(":name", "acme").replace(/:(id|secret|key)/g, "x_1")}`;

  async function keyOf(name: string, role: "viewer" | "operator" | "admin"): Promise<string> {
    const { status, body } = await answer("POST", "/operators", { name, role });
    expect(status).toBe(201);
    return body.operatorKey;
  }

  it("let each operator do what the document says, and refuse the rest naming the role that it takes", async () => {
    const keys = { viewer: await keyOf("vera", "viewer"), operator: await keyOf("otto", "operator") };
    for (const name of Object.keys(ADMIN_API) as OperationName[]) {
      const { method, path } = ADMIN_API[name];
      const { role: least } = OPERATION_WORDS[name];
      for (const role of ["viewer", "operator"] as const) {
        const got = await world.ask(urlOf(path), { method, headers: { authorization: `Bearer ${keys[role]}` } });
        const body = got.status === 204 ? {} : await got.json();
        const refused = body.code === "operator_role_too_small";
        expect([name, role, refused]).toEqual([name, role, !roleSuffices(role, least)]);
        if (refused) expect([got.status, body.detail]).toEqual([403, expect.stringContaining(`the role ${least}`)]);
      }
    }
  });

  it("show a secret to nobody who may not make one", () => {
    const shows = (Object.keys(ADMIN_API) as OperationName[]).filter((name) =>
      /"(clientSecret|operatorKey|secret)"/.test(
        JSON.stringify(z.toJSONSchema(ADMIN_API[name].answer, { unrepresentable: "any" })),
      ),
    );
    expect(shows.toSorted()).toEqual([
      ...["addCaller", "addCallerSecret", "addOperator", "addOperatorKey", "addRecipient", "addRecipientSecret"],
    ]);
    expect(shows.map((name) => OPERATION_WORDS[name].role)).toEqual(shows.map(() => "admin"));
  });

  it("count at once, and so does a disabling; the operator's own name stands in what is written down", async () => {
    const key = await keyOf("jane", "operator");
    const as = async (method: string, path: string) =>
      (await world.ask(`/api/v1${path}`, { method, headers: { authorization: `Bearer ${key}` } })).status;
    expect(await as("POST", "/connections/acme/disable")).toBe(200);
    expect((await answer("PUT", "/operators/jane/role", { role: "viewer" })).body.role).toBe("viewer");
    expect(await as("POST", "/connections/acme/enable")).toBe(403);
    expect(await as("GET", "/connections/none")).toBe(404);
    expect((await answer("POST", "/operators/jane/disable")).body.disabledAtMs).not.toBeNull();
    expect(await as("GET", "/me")).toBe(401);
    const told = world.keeper.operators.requests.filter(({ by }) => by === "jane");
    expect(told).toEqual([
      { by: "jane", operation: "disableConnection", target: "acme", kind: "change", status: 200, code: null },
      {
        ...{ by: "jane", operation: "enableConnection", target: "", kind: "change" },
        ...{ status: 403, code: "operator_role_too_small" },
      },
      {
        ...{ by: "jane", operation: "readConnection", target: "none", kind: "look" },
        ...{ status: 404, code: "connection_unknown" },
      },
    ]);
  });

  it("keep backups from all but an admin, before a byte of one is read or written", async () => {
    const bytes = { write: 0, verify: 0 };
    world.keeper.backups = {
      async *write() {
        bytes.write += 4;
        yield Buffer.from("copy");
      },
      async verify(stream) {
        for await (const piece of stream) bytes.verify += piece.length;
        return { deployment: "dp_fake", createdAtMs: 1, key: "k1", rows: { grant: 2 } };
      },
    };
    const ask = (path: string, key: string) => {
      const headers = { authorization: `Bearer ${key}`, "content-type": BACKUP_MEDIA_TYPE };
      return world.ask(`/api/v1${path}`, { method: "POST", headers, ...(path === "/backup" ? {} : { body: "copy" }) });
    };
    for (const [name, role] of [["vera", "viewer"] as const, ["otto", "operator"] as const]) {
      const key = await keyOf(name, role);
      for (const path of ["/backup", "/backup/verification"]) {
        const got = await ask(path, key);
        expect([got.status, (await got.json()).code]).toEqual([403, "operator_role_too_small"]);
      }
    }
    expect(bytes).toEqual({ write: 0, verify: 0 });
    const key = await keyOf("ada", "admin");
    expect(await (await ask("/backup", key)).text()).toBe("copy");
    expect(await (await ask("/backup/verification", key)).json()).toMatchObject({ key: "k1", rows: { grant: 2 } });
    expect(bytes).toEqual({ write: 4, verify: 4 });
    const told = world.keeper.operators.requests.filter(({ operation }) => /Backup$/.test(operation));
    expect(told.map(({ by, operation, status }) => [by, operation, status])).toEqual([
      ["vera", "writeBackup", 403],
      ["vera", "verifyBackup", 403],
      ["otto", "writeBackup", 403],
      ["otto", "verifyBackup", 403],
      ["ada", "writeBackup", 200],
      ["ada", "verifyBackup", 200],
    ]);
  });

  it("come with a name, under which keys are rotated, tokens taken over and grants erased", async () => {
    const key = await keyOf("ada", "admin");
    const ask = async (method: string, path: string, body: object) => {
      const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
      return (await world.ask(`/api/v1${path}`, { method, headers, body: JSON.stringify(body) })).status;
    };
    expect(await ask("POST", "/keys/rotate", {})).toBe(200);
    expect(await ask("POST", "/keys/k1/retire", {})).toBe(404);
    expect(await ask("POST", "/imports", { tokens: [{ connection: "acme", refreshToken: "r-1" }] })).toBe(200);
    expect(await ask("POST", "/connections/acme/erase", { connections: ["acme"] })).toBe(200);
    const { keys, imports, erasures } = world.keeper;
    expect([...keys.asked, ...imports.imported, ...erasures].map(({ by }) => by)).toEqual(["ada", "ada", "ada", "ada"]);
  });

  it("are told to whoever asks who they are", async () => {
    const authorization = `Bearer ${await keyOf("vera", "viewer")}`;
    const me = await world.ask("/api/v1/me", { headers: { authorization } });
    expect(await me.json()).toMatchObject({ name: "vera", role: "viewer" });
  });

  it("come with keys that are shown once, two of them at once, and can be taken away", async () => {
    const added = await answer("POST", "/operators", { name: "jane", role: "admin", key: null });
    expect(added.body).toMatchObject({ operatorKey: null, operator: { name: "jane", keys: [] } });
    const made = await answer("POST", "/operators/jane/keys", {});
    expect([made.status, made.body.operatorKey]).toEqual([201, expect.any(String)]);
    const listed = (await answer("GET", "/operators")).body;
    expect(JSON.stringify(listed)).not.toContain(made.body.operatorKey);
    const [, { keys }] = listed.operators;
    expect((await answer("DELETE", `/operators/jane/keys/${keys[0].id}`)).body.keys).toEqual([]);
    expect((await answer("DELETE", "/operators/jane/keys/ok_none")).body.code).toBe("operator_key_unknown");
    const identity = { kind: "email", issuer: "https://idp.example", email: "jane@example.com" };
    expect((await answer("PUT", "/operators/jane/identity", { identity })).body.identity).toEqual(identity);
    expect((await answer("POST", "/operators/operator/disable")).body.code).toBe("operator_last_admin");
    expect((await answer("POST", "/operators/nobody/enable")).body.code).toBe("operator_unknown");
  });
});

describe("the host name", () => {
  const statusFor = async (host: string, path: string) => (await askAs(world, host, path)).status;

  it("must be this machine's: a rebound foreign name reaches nothing but health", async () => {
    for (const host of ["localhost:4180", "127.0.0.1", "[::1]:80"])
      expect(await statusFor(host, "/api/v1/me")).toBe(200);
    for (const host of ["evil.example", "localhost.evil.example", "evil.example@localhost", "a b"])
      expect(await statusFor(host, "/api/v1/me")).toBe(421);
    expect(await statusFor("10.0.0.7:4180", "/healthz")).toBe(200);
  });
});

describe("apps, connections and consents", () => {
  it("go through their whole life", async () => {
    const app = await answer("POST", "/apps", {
      name: "second",
      provider: "ledgerly",
      clientId: "id",
      clientSecret: "canary-client-secret",
    });
    expect(app.status).toBe(201);
    expect(app.body.redirectUri).toMatch(/\/oauth\/callback\/ap_/);
    expect(
      (await answer("POST", "/apps/second/secrets", { clientSecret: "canary-2" })).body.clientSecrets,
    ).toHaveLength(2);
    expect((await answer("GET", "/apps")).body.apps).toHaveLength(2);
    const [ledgerly] = (await answer("GET", "/providers")).body.providers;
    expect(ledgerly.id).toBe("ledgerly");
    expect(ledgerly.unconfirmed).toEqual(["revocation"]);
    expect(ledgerly.outages.find(({ event }: { event: string }) => event === "answer-lost")).toMatchObject({
      safeForMs: null,
      atRisk: 1,
      sentence: expect.stringContaining("that grant is lost"),
    });

    const made = await answer("POST", "/connections", { name: "third", app: "second", expectedTenant: "Acme" });
    expect([made.status, made.body.status, made.body.expectedTenant]).toEqual([201, "awaiting-consent", "Acme"]);
    const link = await answer("POST", "/connections/third/consent-links", { accept: "any-tenant" });
    expect([link.status, link.body.url]).toEqual([201, expect.stringContaining("/consent/")]);
    expect((await answer("GET", "/connections/third/reconsent-link")).body.code).toBe("consent_not_needed");
    expect((await answer("POST", "/connections/third/consent-links/revoke")).status).toBe(204);
    expect((await answer("POST", "/connections/third/disable")).body.status).toBe("disabled");
    expect((await answer("POST", "/connections/third/enable", {})).body.status).toBe("connected");
    expect((await answer("POST", "/connections/third/check")).status).toBe(200);
    const story = (await answer("GET", "/connections/third/story?limit=3")).body;
    expect(story.events).toHaveLength(3);
    expect(story.outages).toEqual(ledgerly.outages);
    expect((await answer("DELETE", "/connections/third")).body.grantRevoked).toBe(true);
    expect((await answer("GET", "/connections/third")).body.code).toBe("connection_unknown");
  });

  it("never pass on what the contract does not name", async () => {
    await answer("POST", "/apps", {
      name: "second",
      provider: "ledgerly",
      clientId: "id",
      clientSecret: "canary-client-secret",
    });
    expect(JSON.stringify((await answer("GET", "/apps")).body)).not.toContain("canary");
  });

  it("wait for a decision, once", async () => {
    const run = { id: "cs_9" as never, connection: "acme", app: "", link: "", browser: "", from: null };
    const received = { connection: "acme", tenants: ["Demo"], subjectName: null };
    world.keeper.consents.runs.set("s", { ...run, result: { kind: "held", ...received, because: ["no-tenant"] } });
    expect((await answer("GET", "/consents?held")).body.consents).toMatchObject([
      { id: "cs_9", because: ["no-tenant"] },
    ]);
    expect((await answer("GET", "/consents")).status).toBe(400);
    expect((await answer("POST", "/consents/cs_9/decision", { accept: false })).body.kind).toBe("refused");
    expect((await answer("POST", "/consents/cs_9/decision", { accept: true })).body.code).toBe("consent_not_waiting");
  });
});

describe("recipients of notices", () => {
  it("go through their whole life; a signing secret is shown once", async () => {
    const hook = { channel: "webhook", address: "https://hooks.example/x", only: ["consent-needed"] };
    const added = await answer("POST", "/notices/recipients", hook);
    expect([added.status, added.body.secret]).toEqual([201, "whsec_fake"]);
    const { id } = added.body.recipient;
    expect((await answer("POST", "/notices/recipients", hook)).body.code).toBe("recipient_exists");
    expect(JSON.stringify((await answer("GET", "/notices/recipients")).body)).not.toContain("whsec");
    expect((await answer("POST", `/notices/recipients/${id}/secrets`)).body).toEqual({ secret: "whsec_second" });
    expect((await answer("POST", `/notices/recipients/${id}/disable`)).body.disabledAtMs).toBe(2);
    expect((await answer("POST", `/notices/recipients/${id}/enable`)).body.disabledAtMs).toBeNull();
    expect((await answer("DELETE", `/notices/recipients/${id}`)).status).toBe(204);
    expect((await answer("DELETE", `/notices/recipients/${id}`)).body.code).toBe("recipient_unknown");
    expect((await answer("GET", "/notices/deliveries?status=dead&limit=5")).body).toEqual({
      deliveries: [],
      next: null,
      counts: { undistributed: 0, waiting: 0, dead: 0, oldestWaitingSinceMs: null },
    });
    expect((await answer("POST", "/notices/replay", { deliveries: [1, 2] })).body).toEqual({ replayed: 2 });
  });

  it.each([
    { channel: "pigeon", address: "loft" },
    { channel: "webhook", address: "" },
    { channel: "webhook", address: "https://x.example", only: ["nothing-of-the-kind"] },
    { channel: "webhook", address: "https://x.example", secret: "mine" },
  ])("are refused where they cannot be: %j", async (recipient) => {
    const refused = await answer("POST", "/notices/recipients", recipient);
    expect([refused.status, refused.body.code]).toEqual([400, "input_invalid"]);
  });
});

describe("callers", () => {
  it("get an id and a secret that is shown once, and work at the token endpoint until they are disabled", async () => {
    const permissions = [{ connection: "acme", right: "token" }];
    const { body } = await answer("POST", "/callers", { name: "reports", permissions });
    const ask = (client_secret: string) =>
      world.token({ grant_type: "client_credentials", client_id: body.clientId, client_secret });
    expect((await ask(body.clientSecret)).status).toBe(200);
    const second = await answer("POST", `/callers/${body.clientId}/secrets`);
    expect((await ask(second.body.clientSecret)).status).toBe(200);
    await answer("PUT", `/callers/${body.clientId}/permissions`, { permissions: [] });
    expect((await ask(body.clientSecret)).status).toBe(400);
    await answer("POST", `/callers/${body.clientId}/disable`);
    expect((await ask(body.clientSecret)).status).toBe(401);
    await answer("POST", `/callers/${body.clientId}/enable`);
    expect((await ask(body.clientSecret)).status).toBe(400);
    expect(JSON.stringify((await answer("GET", "/callers")).body)).not.toContain(body.clientSecret);
  });
});

describe("bad input", () => {
  it("is told field by field, without quoting values", async () => {
    const wrong = {
      name: "Not A Name",
      permissions: [{ connection: "acme", right: "everything" }],
      admin: true,
      secret: "canary",
    };
    const { status, body } = await answer("POST", "/callers", wrong);
    expect([status, body.code]).toEqual([400, "input_invalid"]);
    const paths = body.errors.map((error: { path: string }) => error.path);
    expect(paths).toEqual(expect.arrayContaining(["body.name", "body.permissions.0.right", "body"]));
    expect(JSON.stringify(body)).not.toMatch(/canary|Not A Name|everything/);
  });

  it("has a code for each kind of it", async () => {
    const raw = (body: string, type = "application/json") =>
      world.ask("/api/v1/apps", {
        method: "POST",
        body,
        headers: { authorization: `Bearer ${world.keeper.operatorKey}`, "content-type": type },
      });
    const cases: [Promise<Response>, number, string][] = [
      [raw("{"), 400, "input_invalid"],
      [raw('{"__proto__":{"a":1}}'), 400, "input_invalid"],
      [raw(`"${"x".repeat(70_000)}"`), 413, "body_too_large"],
      [raw("a=b", "application/x-www-form-urlencoded"), 415, "media_type_unsupported"],
      [raw(""), 400, "input_invalid"],
      [raw("null"), 400, "input_invalid"],
      [world.admin("GET", "/connections/UPPER"), 400, "input_invalid"],
      [world.admin("GET", "/connections/acme/story?limit=0"), 400, "input_invalid"],
      [world.admin("GET", "/apps?verbose=1"), 400, "input_invalid"],
      [world.admin("PATCH", "/apps"), 405, "method_not_allowed"],
      [world.admin("GET", "/nothing"), 404, "route_unknown"],
      [world.admin("GET", "/connections/%"), 404, "route_unknown"],
      [world.admin("GET", `/connections/${"x".repeat(400)}`), 404, "route_unknown"],
      [world.admin("POST", "/apps", { name: "books", provider: "ledgerly", clientId: "x" }), 409, "name_taken"],
      [world.admin("POST", "/connections", { name: "x", app: "nope" }), 404, "app_unknown"],
    ];
    for (const [asked, status, code] of cases) {
      const got = await asked;
      expect([got.status, problemSchema.parse(await got.json()).code]).toEqual([status, code]);
    }
  });
});

describe("a create with an Idempotency-Key", () => {
  const create = async (key: string, body: object, more: { path?: string; operatorKey?: string } = {}) => {
    const { path = "/callers", operatorKey = world.keeper.operatorKey } = more;
    const headers = { authorization: `Bearer ${operatorKey}`, "content-type": "application/json" };
    const init = { method: "POST", headers: { ...headers, "idempotency-key": key }, body: JSON.stringify(body) };
    const got = await world.ask(`/api/v1${path}`, init);
    return { status: got.status, body: await got.json(), replayed: got.headers.get("idempotency-replayed") };
  };

  it("gives the first answer again, the secret too, and makes nothing more", async () => {
    const first = await create("k-1", { name: "reports" });
    expect([first.status, first.replayed]).toEqual([201, null]);
    // The same request, however it is written.
    expect(await create("k-1", { permissions: [], name: "reports" })).toEqual({ ...first, replayed: "true" });
    expect((await answer("GET", "/callers")).body.callers).toHaveLength(2);
    expect((await create("k-2", { name: "other" })).body.clientId).not.toBe(first.body.clientId);
  });

  it("is refused where the key was used for something else, and is another operator's own", async () => {
    await create("k-1", { name: "reports" });
    expect((await create("k-1", { name: "else" })).body).toMatchObject({ status: 422, code: "idempotency_key_reused" });
    const elsewhere = await create("k-1", { name: "reports" }, { path: "/callers/secretless" });
    expect(elsewhere.body.code).toBe("idempotency_key_reused");
    const { operatorKey } = (await answer("POST", "/operators", { name: "jane", role: "admin" })).body;
    expect((await create("k-1", { name: "of-jane" }, { operatorKey })).status).toBe(201);
  });

  it("shows nothing to an operator whose role no longer reaches that far", async () => {
    const { operatorKey } = (await answer("POST", "/operators", { name: "jane", role: "admin" })).body;
    expect((await create("k-1", { name: "reports" }, { operatorKey })).status).toBe(201);
    await answer("PUT", "/operators/jane/role", { role: "operator" });
    expect((await create("k-1", { name: "reports" }, { operatorKey })).body.code).toBe("operator_role_too_small");
  });

  it("is refused with a key that cannot be one, before anything is made", async () => {
    for (const key of ["", "a b", "x".repeat(256)])
      expect((await create(key, { name: "reports" })).body.code).toBe("idempotency_key_invalid");
    expect((await answer("GET", "/callers")).body.callers).toHaveLength(1);
  });

  it("is every operation that makes something, and the document says so", async () => {
    const { body: document } = await answer("GET", "/openapi.json");
    const takesKey = Object.values<Record<string, { operationId: string; parameters?: { name: string }[] }>>(
      document.paths,
    )
      .flatMap((methods) => Object.values(methods))
      .filter(({ parameters }) => parameters?.some(({ name }) => name === "Idempotency-Key"))
      .map(({ operationId }) => operationId);
    expect(takesKey.toSorted()).toEqual([
      ...["addApp", "addAppSecret", "addCaller", "addCallerSecret", "addOperator", "addOperatorKey"],
      ...[
        "addRecipient",
        "addRecipientSecret",
        "addSecretlessCaller",
        "beginPastedConsent",
        "createConnection",
        "createConsentLink",
      ],
    ]);
  });
});

describe("lists", () => {
  // As many as the catalogue has, as keys are in the ring, and a thousand at most.
  const BOUNDED = ["listProviders", "listKeys", "listRecipients"];
  const LISTS = {
    listApps: { path: "/apps", member: "apps" },
    listConnections: { path: "/connections", member: "connections" },
    listCallers: { path: "/callers", member: "callers" },
    listOperators: { path: "/operators", member: "operators" },
    listConsents: { path: "/consents", member: "consents", more: "held=true&" },
    readConsentHistory: { path: "/connections/acme/consents", member: "consents" },
    readAudit: { path: "/audit", member: "records" },
    listDeliveries: { path: "/notices/deliveries", member: "deliveries" },
  } as const;

  it("are all read page by page: every answer with a list that grows says where its next page begins", () => {
    const lists = (Object.keys(ADMIN_API) as OperationName[]).filter((name) =>
      /^(list|read.*(History|Audit))/.test(name),
    );
    expect(lists.toSorted()).toEqual([...Object.keys(LISTS), ...BOUNDED].toSorted());
    for (const name of Object.keys(LISTS) as (keyof typeof LISTS)[]) {
      const query = { limit: "200", cursor: "abc", ...(name === "listConsents" ? { held: "true" } : {}) };
      expect([name, ADMIN_API[name].query.safeParse(query).success]).toEqual([name, true]);
    }
  });

  it("are together what is there, and refuse a cursor that no page gave", async () => {
    for (const name of ["jane", "joe", "jim"]) {
      await answer("POST", "/operators", { name, role: "viewer" });
      await answer("POST", "/apps", { name, provider: "ledgerly", clientId: name });
      await answer("POST", "/connections", { name, app: "books" });
      await answer("POST", "/callers", { name });
    }
    world.keeper.notices.told.push(...[3, 2, 1].map(aDelivery));
    const run = { connection: "acme", app: "", link: "", browser: "", from: null };
    const received = { connection: "acme", tenants: ["Demo"], subjectName: null };
    for (const id of ["cs_1", "cs_2", "cs_3"])
      world.keeper.consents.runs.set(id, {
        ...{ ...run, id: id as never },
        result: { kind: "held", ...received, because: ["no-tenant"] },
      });
    for (const { path, member, ...rest } of Object.values(LISTS)) {
      const more = "more" in rest ? rest.more : "";
      const whole = (await answer("GET", `${path}?${more}limit=200`)).body;
      const read: unknown[] = [];
      let pages = 0;
      for (let cursor = ""; pages < 50; pages += 1) {
        const { body } = await answer("GET", `${path}?${more}limit=1${cursor}`);
        read.push(...body[member]);
        if (body.next === null) break;
        cursor = `&cursor=${body.next}`;
      }
      if (path !== "/audit") expect([path, read, whole.next]).toEqual([path, whole[member], null]);
      expect(read.length).toBeGreaterThan(1);
      for (const cursor of ["bm8", "no%20cursor", "x".repeat(201)])
        expect((await answer("GET", `${path}?${more}cursor=${cursor}`)).body.code).toBe("input_invalid");
      for (const limit of ["0", "201", "x", "1.5"])
        expect((await answer("GET", `${path}?${more}limit=${limit}`)).body.code).toBe("input_invalid");
    }
  });
});

describe("a store in quarantine", () => {
  it("is shown with what was found, and released by the operator's word, once", async () => {
    const because = [{ reason: "store-behind" as const, found: "The database is behind." }];
    expect((await answer("GET", "/quarantine")).body).toMatchObject({ state: "none", because: [] });
    const refused = await world.admin("POST", "/quarantine/release", { as: "restored" });
    expect([refused.status, problemSchema.parse(await refused.json()).code]).toEqual([409, "quarantine_not_begun"]);
    world.keeper.quarantined = { ...world.keeper.quarantined, state: "held", sinceMs: 5, because };
    expect((await answer("GET", "/quarantine")).body).toMatchObject({ state: "held", sinceMs: 5, because });
    const wrong = await world.admin("POST", "/quarantine/release", { as: "mended" });
    expect([wrong.status, problemSchema.parse(await wrong.json()).code]).toEqual([400, "input_invalid"]);
    const released = await answer("POST", "/quarantine/release", { as: "cloned" });
    expect(released.body).toMatchObject({ state: "merging", released: { as: "cloned", from: 1 } });
  });
});

describe("health", () => {
  it("tells living, serving and refreshing apart, without a key", async () => {
    world.keeper.state = { serving: true, refreshing: false, detail: "disk full" };
    expect([(await world.ask("/healthz")).status, (await world.ask("/readyz")).status]).toEqual([200, 200]);
    expect(await (await world.ask("/readyz")).json()).toEqual({
      ...{ serving: true, refreshing: false, detail: "disk full" },
    });
    world.keeper.state = { serving: false, refreshing: false, detail: "disk full" };
    expect((await world.ask("/readyz")).status).toBe(503);
    expect((await answer("GET", "/me")).body.health.detail).toBe("disk full");
  });
});

describe("the audit", () => {
  it("is read page by page, with the cursor of the page before", async () => {
    const first = await answer("GET", "/audit?limit=1");
    expect(first.body).toMatchObject({ records: [{ event: "caller-created", sequence: 1 }], next: "b2xkZXI" });
    const second = await answer("GET", `/audit?limit=1&cursor=${first.body.next}`);
    expect(second.body.next).toBeNull();
    expect((await answer("GET", "/audit?cursor=bm8")).body.code).toBe("input_invalid");
    expect((await answer("GET", "/audit?limit=100000")).body.code).toBe("input_invalid");
  });

  it("is held against its hashes", async () => {
    expect((await answer("GET", "/audit/verification")).body).toMatchObject({ intact: true, chains: [{ records: 1 }] });
  });
});

describe("the OpenAPI document", () => {
  it("says of bodies what the API says of them, to a reader that knows nothing of Evergrant", async () => {
    const { body: document } = await answer("GET", "/openapi.json");
    const reader = new OpenAPIBackend({ definition: document as Document, quick: true });
    await reader.init();
    const cases: readonly [string, string, unknown][] = [
      ["POST", "/connections", { name: "acme-3", app: "books" }],
      ["POST", "/connections", { name: "Acme 3", app: "books" }],
      ["POST", "/connections", { name: "acme-3", app: "books", surprise: 1 }],
      ["POST", "/connections", { app: "books" }],
      ["POST", "/callers", { name: "reports", permissions: [{ connection: "acme", right: "token" }] }],
      ["POST", "/callers", { name: "reports", permissions: [{ connection: "acme", right: "root" }] }],
      ["PUT", "/callers/cl_1/permissions", { permissions: [] }],
      ["PUT", "/callers/cl_1/permissions", {}],
      ["POST", "/consents/co_1/decision", { accept: "yes" }],
      ["POST", "/quarantine/release", { as: "stolen" }],
    ];
    for (const [method, path, body] of cases) {
      const headers = { "content-type": "application/json" };
      const judged = reader.validateRequest({ method, path, headers, body, query: {} });
      const refused = (await answer(method, path, body)).body?.code === "input_invalid";
      expect([method, path, body, judged.valid]).toEqual([method, path, body, !refused]);
    }
  });
});

function aDelivery(id: number): DeliveryView {
  return {
    ...{ id, notice: "recovered", recipient: "rc_1" as RecipientId, address: "https://hooks.example" },
    ...{ status: "delivered", attempts: 1, atMs: id, dueAtMs: null, error: null, settledAtMs: id },
  };
}
