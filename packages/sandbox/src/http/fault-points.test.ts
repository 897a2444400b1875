import { request as httpRequest } from "node:http";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FAULT_ACTIONS, FAULT_ENDPOINTS, FAULT_POINTS, faultProblem, namesIn } from "../fault-table.ts";
import { createSandbox, DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, type FaultAction, type Sandbox } from "../index.ts";
import { connectedJane, refreshWith } from "../testing/person.ts";

const examples: { readonly [K in FaultAction["kind"]]: Extract<FaultAction, { readonly kind: K }> } = {
  drop: { kind: "drop" },
  reset: { kind: "reset" },
  stall: { kind: "stall", ms: 1 },
  drip: { kind: "drip", chunkBytes: 400, everyMs: 1 },
  status: { kind: "status", status: 503, retryAfterSeconds: 7 },
  html: { kind: "html", status: 502 },
  answer: { kind: "answer", status: 200, contentType: "application/json", body: '{"access_token":""}' },
  "content-type": { kind: "content-type", contentType: "text/html" },
  "malformed-json": { kind: "malformed-json" },
  duplicate: { kind: "duplicate" },
};

/** What a client sees of one answer: a status and how it ended. */
async function seen(answer: Promise<Response>): Promise<string> {
  try {
    const given = await answer;
    const text = await given.text().catch(() => null);
    return text === null ? `${given.status}, cut` : `${given.status}, ${readable(text)}`;
  } catch {
    return "nothing";
  }
}

const readable = (text: string): string => {
  if (text === "") return "empty";
  try {
    return "refresh_token" in JSON.parse(text) ? "tokens" : "other JSON";
  } catch {
    return "no JSON";
  }
};

const tokenCases = Object.entries(FAULT_ACTIONS).flatMap(([kind, { at }]) =>
  (at.answer ?? []).map((point) => [kind as FaultAction["kind"], point] as const),
);

const expected: Readonly<Record<string, readonly [seen: string, outcomes: readonly string[]]>> = {
  "drop before-commit": ["nothing", ["not-executed"]],
  "drop after-commit-before-headers": ["nothing", ["rotate"]],
  "drop mid-body": ["200, cut", ["rotate"]],
  "drop after-response": ["200, tokens", ["rotate"]],
  "reset before-commit": ["nothing", ["not-executed"]],
  "reset after-commit-before-headers": ["nothing", ["rotate"]],
  "reset mid-body": ["200, cut", ["rotate"]],
  "stall before-commit": ["200, tokens", ["rotate"]],
  "stall after-commit-before-headers": ["200, tokens", ["rotate"]],
  "stall mid-body": ["200, tokens", ["rotate"]],
  "drip mid-body": ["200, tokens", ["rotate"]],
  "status before-commit": ["503, empty", ["not-executed"]],
  "status after-commit-before-headers": ["503, empty", ["rotate"]],
  "html before-commit": ["502, no JSON", ["not-executed"]],
  "html after-commit-before-headers": ["502, no JSON", ["rotate"]],
  "answer before-commit": ["200, other JSON", ["not-executed"]],
  "answer after-commit-before-headers": ["200, other JSON", ["rotate"]],
  "content-type after-commit-before-headers": ["200, tokens", ["rotate"]],
  "malformed-json before-commit": ["200, no JSON", ["not-executed"]],
  "malformed-json after-commit-before-headers": ["200, no JSON", ["rotate"]],
  "malformed-json mid-body": ["200, no JSON", ["rotate"]],
  "duplicate before-commit": ["200, tokens", ["rotate", "retry-sibling"]],
};

describe("a refresh under", () => {
  test.each(tokenCases)("%s, %s", async (kind, point) => {
    await using sandbox = await createSandbox();
    const { control } = sandbox;
    const { refresh_token } = await connectedJane(sandbox);
    control.clearRequests();
    const fault = control.placeFault({ endpoint: "token", point, action: examples[kind] });
    const met = await seen(refreshWith(sandbox, refresh_token));
    const entries = control.requests();
    for (const entry of entries) expect(entry.fault).toEqual({ id: fault.id, point, action: kind });
    expect(entries.at(-1)?.status ?? "none").toBe(met === "nothing" ? "none" : Number(met.slice(0, 3)));
    // A reset may overtake the last bytes of the answer, or not.
    if (kind === "reset" && point === "after-response") return expect(entries[0]?.outcome).toBe("rotate");
    expect([met, entries.map(({ outcome }) => outcome)]).toEqual(expected[`${kind} ${point}`]);
    expect(await seen(refreshWith(sandbox, refresh_token))).toBe("200, tokens");
  });
});

test("after the response the connection that a client means to keep is gone", async () => {
  await using sandbox = await createSandbox();
  sandbox.control.placeFault({ endpoint: "discovery", point: "after-response", action: { kind: "drop" } });
  const closed = await new Promise((resolve, reject) => {
    const url = `${sandbox.urls.identity}/.well-known/openid-configuration`;
    const sent = httpRequest(url, { headers: { connection: "keep-alive" } }, (answer) => {
      expect(answer.headers.connection).toBe("keep-alive");
      answer.socket.once("close", () => resolve("closed"));
      answer.resume();
    });
    sent.on("error", reject);
    sent.end();
  });
  expect(closed).toBe("closed");
});

test("every point of every action at every endpoint is either placed or refused, as the tables say", async () => {
  await using sandbox = await createSandbox();
  for (const endpoint of namesIn(FAULT_ENDPOINTS))
    for (const point of namesIn(FAULT_POINTS))
      for (const action of Object.values(examples)) {
        const place = () => sandbox.control.placeFault({ endpoint, point, action });
        const { side } = FAULT_ENDPOINTS[endpoint];
        const possible = (FAULT_ACTIONS[action.kind].at[side] ?? []).includes(point);
        expect(faultProblem({ endpoint, point, action }) === null).toBe(possible);
        if (possible) expect(place()).toMatchObject({ endpoint, point, action, seen: 0, hits: 0 });
        else expect(place).toThrow(expect.objectContaining({ code: "fault_impossible" }));
      }
});

describe("the next refresh of X: commit, then drop", () => {
  test("is one call, also over HTTP", async () => {
    await using sandbox = await createSandbox();
    const { refresh_token } = await connectedJane(sandbox);
    const placed = await fetch(`${sandbox.urls.control}/faults/drop-next-refresh`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ email: "Jane@demo.example", clientId: DEMO_CLIENT_ID }),
    });
    expect(placed.status).toBe(200);
    expect(await seen(refreshWith(sandbox, refresh_token))).toBe("nothing");
    expect(sandbox.control.requests().at(-1)).toMatchObject({ outcome: "rotate", committed: true, status: null });
    expect(await seen(refreshWith(sandbox, refresh_token))).toBe("200, tokens");
  });

  test.each([
    [{ email: "nobody@demo.example" }, "not_found"],
    [{ clientId: "NOBODY00" }, "not_found"],
    [{ grantId: "none" }, "not_found"],
    [{ who: "jane" }, "bad_request"],
  ])("of %o is refused: nobody is there to be hit", async (who, code) => {
    await using sandbox = await createSandbox();
    expect(() => sandbox.control.dropNextRefresh(who as { email?: string })).toThrow(expect.objectContaining({ code }));
    expect(sandbox.control.faults()).toEqual([]);
  });
});

test("a fault of bad input is refused with what is wrong", async () => {
  await using sandbox = await createSandbox();
  const good = { endpoint: "token", point: "before-commit", action: { kind: "drop" } };
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(
        { times: 0 },
        { nth: 1.5 },
        { probability: 0 },
        { probability: 2 },
        { path: "no-slash" },
        { method: "BREW" },
        { point: "later" },
        { endpoint: "coffee" },
        { action: { kind: "explode" } },
        { action: { kind: "stall" } },
        { action: { kind: "status", status: 99 } },
        { action: { kind: "answer", body: "x", contentType: "a\r\nset-cookie: b" } },
        { unknown: true },
      ),
      async (wrong) => {
        const answer = await fetch(`${sandbox.urls.control}/faults`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ ...good, ...wrong }),
        });
        expect(answer.status).toBe(400);
        expect(await answer.json()).toMatchObject({ error: { code: "bad_request" } });
      },
    ),
    { numRuns: 40 },
  );
});

test("no fault leaves the sandbox unable to go on", async () => {
  await using sandbox = await createSandbox();
  const { refresh_token } = await connectedJane(sandbox);
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...tokenCases),
      fc.constantFrom(...answering),
      async ([kind, point], [endpoint, ask]) => {
        sandbox.control.placeFault({ endpoint, point, action: examples[kind] });
        await seen(ask(sandbox));
        sandbox.control.clearFaults();
        expect(await seen(refreshWith(sandbox, refresh_token))).toBe("200, tokens");
      },
    ),
    { numRuns: 60 },
  );
});

const basic = `Basic ${Buffer.from(`${DEMO_CLIENT_ID}:${DEMO_CLIENT_SECRET}`).toString("base64")}`;

const answering = [
  ["token", (sandbox: Sandbox) => fetch(`${sandbox.urls.identity}/connect/token`, { method: "POST" })],
  [
    "revocation",
    (sandbox: Sandbox) =>
      fetch(`${sandbox.urls.identity}/connect/revocation`, {
        method: "POST",
        headers: { authorization: basic },
        body: new URLSearchParams({ token: "x" }),
      }),
  ],
  ["discovery", (sandbox: Sandbox) => fetch(`${sandbox.urls.identity}/.well-known/openid-configuration`)],
  ["userinfo", (sandbox: Sandbox) => fetch(`${sandbox.urls.identity}/connect/userinfo`)],
  ["authorize", (sandbox: Sandbox) => fetch(`${sandbox.urls.login}/identity/connect/authorize`)],
  ["custom-consent", (sandbox: Sandbox) => fetch(`${sandbox.urls.login}/identity/custom-connections/authorise?link=x`)],
  ["connections", (sandbox: Sandbox) => fetch(`${sandbox.urls.api}/connections/x`, { method: "DELETE" })],
  ["api", (sandbox: Sandbox) => fetch(`${sandbox.urls.api}/api.xro/2.0/Organisation`)],
] as const;
