import decodeQR from "qr/decode.js";
import { describe, expect, test } from "vitest";
import { aConnection, aHeldConsent, fakeNode, type Heard, OPERATOR_KEY, problem } from "../testing/fake-node.ts";
import { run } from "../testing/recorded-world.ts";

const env = { EVERGRANT_OPERATOR_KEY: OPERATOR_KEY };
const LINK = "http://localhost:4180/consent/cn_1.0.a-link-that-is-as-long-as-they-are-in-earnest-0123456789";
const ADDRESS = "http://localhost:4180/oauth/callback/ap_1?code=c&state=s";

const PLAN = {
  connection: "acme",
  disconnect: {
    tenants: ["Demo Company (NZ)"],
    keptTenants: ["Maple Florists (AU)"],
    connections: ["acme"],
    remaining: ["maple"],
    callers: ["night-job"],
    grantRevoked: false,
  },
  revoke: {
    tenants: ["Demo Company (NZ)", "Maple Florists (AU)"],
    connections: ["acme", "maple"],
    callers: ["night-job", "reports"],
    waitingConsents: 1,
  },
};

/** A node that answers by the end of a path; everything else is a connected `acme`. */
const answering = (table: Readonly<Record<string, unknown>>) => (heard: Heard) => {
  const end = Object.keys(table).find((each) => `${heard.method} ${heard.path}`.endsWith(each));
  return { status: 200, body: end === undefined ? aConnection() : table[end] };
};

describe("connect --qr", () => {
  test("draws a code that a camera reads as the link", async () => {
    await using node = await fakeNode(answering({ "/reconsent-link": { url: LINK, qrSvg: "<svg/>" } }));
    const { out } = await run(["connect", "acme", "--qr", "--url", node.url], { env });
    expect(decodeQR(pictureOf(out))).toBe(LINK);
    const json = await run(["connect", "acme", "--qr", "--json", "--url", node.url], { env });
    expect(JSON.parse(json.out)).toMatchObject({ link: { url: LINK } });
  });
});

describe("connect --paste", () => {
  const pasted = { id: "cs_1", authorizeUrl: "https://login.example/authorize?state=s", expiresAtMs: 3_600_000 };
  const received = { connection: "acme", tenants: ["Demo Company (NZ)"], subjectName: "jane@demo.example" };
  const args = (url: string) => ["connect", "acme", "--paste", "--url", url];

  test("shows the address to send, takes the one that comes back, and asks at once where the consent waits", async () => {
    const held = { kind: "held", ...received, because: ["initiator-must-confirm"] };
    await using node = await fakeNode(
      answering({
        "/pasted-consents": pasted,
        "/callback": held,
        "/consents?held=true": { consents: [aHeldConsent()] },
        "/decision": { kind: "accepted", ...received, sharedWith: [] },
      }),
    );
    const ran = await run(args(node.url), { env, interactive: true, answers: [` ${ADDRESS}\n`, true] });
    expect(ran.out).toContain(pasted.authorizeUrl);
    expect(ran.questions.at(-1)).toBe("Demo Company (NZ), by jane@demo.example: accept?");
    expect(node.heard.find(({ path }) => path.endsWith("/callback"))?.body).toEqual({ address: ADDRESS });
    expect(ran.out).toContain("acme is connected: Demo Company (NZ).");
  });

  test("takes the address from standard input for scripts, never as an argument", async () => {
    const accepted = { kind: "accepted", ...received, sharedWith: [] };
    await using node = await fakeNode(answering({ "/pasted-consents": pasted, "/callback": accepted }));
    expect((await run(args(node.url), { env })).out).toContain("evergrant consents paste cs_1");
    const ran = await run(["consents", "paste", "cs_1", "--url", node.url], { env, input: `${ADDRESS}\n` });
    expect(ran.out).toContain("acme is connected");
    expect((await run(["consents", "paste", "cs_1", "--url", node.url], { env, input: "\n" })).exitCode).toBe(2);
    expect((await run(["consents", "paste", "cs_1", ADDRESS, "--url", node.url], { env })).exitCode).toBe(2);
  });
});

describe("a consent that waits", () => {
  test("is shown with who gave it, from where, and what a yes brings along", async () => {
    const from = { address: "192.0.2.7", agent: "Mozilla/5.0" };
    const held = aHeldConsent({
      from,
      sharedWith: ["maple"],
      because: ["new-tenant"],
      reaches: ["Demo Company (NZ)", "Other"],
    });
    await using node = await fakeNode(answering({ "/consents?held=true": { consents: [held] } }));
    const { out } = await run(["consents", "show", "cs_1", "--url", node.url], { env });
    for (const told of ["jane@demo.example", "192.0.2.7 (Mozilla/5.0)", "maple", "Other", "was not there before"])
      expect(out).toContain(told);
    expect((await run(["consents", "show", "cs_2", "--url", node.url], { env })).exitCode).toBe(2);
  });

  test("and those before it make the history of a connection", async () => {
    const { id, because, purpose, startedAtMs, pastedBy, subject, subjectName, tenants } = aHeldConsent();
    const common = { id, because, purpose, startedAtMs, pastedBy, subject, subjectName, tenants };
    const from = { address: "192.0.2.7", agent: null };
    const line = { ...common, from, outcome: "accepted", atMs: 1, scope: null, decidedBy: "operator" };
    await using node = await fakeNode(answering({ "/connections/acme/consents": { consents: [line] } }));
    const { out } = await run(["consents", "history", "acme", "--url", node.url], { env });
    expect(out).toMatch(/jane@demo\.example +192\.0\.2\.7 +Demo Company \(NZ\) +accepted +operator/);
  });
});

describe("what would die is listed first", () => {
  test("before a connection is removed", async () => {
    await using node = await fakeNode(answering({ "GET /api/v1/connections/acme/removal": PLAN }));
    const ran = await run(["connections", "remove", "acme", "--url", node.url], {
      env,
      interactive: true,
      answers: [false],
    });
    expect(ran.exitCode).toBe(2);
    for (const told of ["Demo Company (NZ)", "Maple Florists (AU)", "night-job", "lives on for maple"])
      expect(ran.out).toContain(told);
    expect(node.heard.map(({ method }) => method)).toEqual(["GET"]);
  });

  test("before a grant is revoked, and exactly that is agreed to", async () => {
    const revoked = { connections: ["acme", "maple"], confirmed: true };
    await using node = await fakeNode(answering({ "/removal": PLAN, "POST /api/v1/connections/acme/revoke": revoked }));
    const args = ["connections", "revoke", "acme", "--url", node.url];
    const ran = await run(args, { env, interactive: true, answers: [true] });
    expect(ran.out).toContain("acme, maple");
    expect(node.heard.at(-1)?.body).toEqual({ connections: ["acme", "maple"] });
    const unasked = await run(args, { env });
    expect([unasked.exitCode, node.heard.at(-1)?.method]).toEqual([2, "GET"]);
    expect((await run([...args, "--yes"], { env })).exitCode).toBe(0);
  });
});

test("new scopes of an app name the connections that lack them", async () => {
  const app = {
    id: "ap_1",
    name: "books",
    provider: "xero",
    clientId: "id",
    scopes: ["accounting.invoices", "offline_access"],
    origins: null,
    clientSecrets: [],
    redirectUri: "http://localhost/cb",
    createdAtMs: 0,
  };
  const lacking = aConnection({ missingScopes: ["accounting.invoices"] });
  const connections = [lacking, aConnection({ name: "maple" })];
  await using node = await fakeNode(
    answering({ "/apps/books/scopes": app, "GET /api/v1/connections": { connections } }),
  );
  const ran = await run(["apps", "scopes", "books", "accounting.invoices, offline_access", "--url", node.url], { env });
  expect(node.heard[0]?.body).toEqual({ scopes: app.scopes });
  expect(ran.out).toContain("acme lacks accounting.invoices");
  expect(ran.out).not.toContain("maple");
});

test("a Custom Connection that nobody approved yet is waited for on a terminal", async () => {
  let asked = 0;
  await using node = await fakeNode(({ path }) => {
    if (!path.endsWith("/connections/machine")) return problem(404, "connection_unknown");
    asked += 1;
    const status = asked < 3 ? "awaiting-consent" : "connected";
    return { status: 200, body: aConnection({ name: "machine", kind: "client_credentials", status }) };
  });
  const ran = await run(["connect", "machine", "--url", node.url], { env, interactive: true });
  expect(ran.out).toContain("machine: connected.");
});

/** The picture that block characters draw, two rows of dots to a line of text, as a camera would see it. */
function pictureOf(text: string): { width: number; height: number; data: Uint8Array } {
  const lines = text.split("\n").filter((line) => /[█▀▄]/.test(line));
  const width = Math.max(...lines.map((line) => line.length));
  const isLit = (line: string, column: number, half: "▀" | "▄") => [half, "█"].includes(line[column] ?? " ");
  const rows = lines.flatMap((line) =>
    (["▀", "▄"] as const).map((half) => Array.from({ length: width }, (_, column) => isLit(line, column, half))),
  );
  const SCALE = 6;
  const height = rows.length;
  const data = new Uint8Array(width * height * SCALE * SCALE * 4).fill(255);
  for (let y = 0; y < height * SCALE; y += 1)
    for (let x = 0; x < width * SCALE; x += 1) {
      const lit = rows[Math.floor(y / SCALE)]?.[Math.floor(x / SCALE)] === true;
      data.fill(lit ? 255 : 0, (y * width * SCALE + x) * 4, (y * width * SCALE + x) * 4 + 3);
    }
  return { width: width * SCALE, height: height * SCALE, data };
}
