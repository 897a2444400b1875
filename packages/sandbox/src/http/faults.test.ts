import { expect, test } from "vitest";
import { createSandbox, type FaultPlan, type Sandbox, SandboxError } from "../index.ts";
import { aPerson, postToken } from "../testing/person.ts";

const scope = "openid accounting.settings offline_access";
const aGrant = async (sandbox: Sandbox) =>
  (await aPerson("jane@demo.example").connects(sandbox, { organisation: "Demo Company (NZ)", scope })).refresh_token;
const refresh = (sandbox: Sandbox, refresh_token: string) =>
  postToken(sandbox, { grant_type: "refresh_token", refresh_token });
const onRefresh = (
  point: FaultPlan["point"],
  action: FaultPlan["action"],
  rest: Partial<FaultPlan> = {},
): FaultPlan => ({ endpoint: "token", grantType: "refresh_token", point, action, ...rest });
const lastEntry = (sandbox: Sandbox) => sandbox.control.requests().at(-1);

test("after the commit, before the headers: the connection drops, the rotation stands, the old token mends it", async () => {
  await using sandbox = await createSandbox();
  const token = await aGrant(sandbox);
  sandbox.control.placeFault(onRefresh("after-commit-before-headers", { kind: "drop" }));
  await expect(refresh(sandbox, token)).rejects.toThrow();
  expect(lastEntry(sandbox)).toMatchObject({
    outcome: "rotate",
    committed: true,
    status: null,
    fault: { point: "after-commit-before-headers", action: "drop" },
  });
  expect((await refresh(sandbox, token)).status).toBe(200);
  expect(lastEntry(sandbox)).toMatchObject({ outcome: "retry-sibling", fault: null });
});

test("under strict the same loss costs the grant", async () => {
  await using sandbox = await createSandbox({ dialect: "strict" });
  const token = await aGrant(sandbox);
  sandbox.control.placeFault(onRefresh("after-commit-before-headers", { kind: "drop" }));
  await expect(refresh(sandbox, token)).rejects.toThrow();
  expect((await refresh(sandbox, token)).status).toBe(400);
  expect(sandbox.control.verify().lostGrants).toMatchObject([{ because: "reuse" }]);
});

test("before the commit nothing has happened", async () => {
  await using sandbox = await createSandbox();
  const token = await aGrant(sandbox);
  sandbox.control.placeFault(onRefresh("before-commit", { kind: "html", status: 502 }));
  const answer = await refresh(sandbox, token);
  expect([answer.status, answer.headers.get("content-type")]).toEqual([502, "text/html"]);
  expect(lastEntry(sandbox)).toMatchObject({ outcome: "not-executed", committed: false, status: 502 });
  expect((await refresh(sandbox, token)).status).toBe(200);
  expect(lastEntry(sandbox)?.outcome).toBe("rotate");
});

test("a stall passes real time and then answers", async () => {
  await using sandbox = await createSandbox();
  const token = await aGrant(sandbox);
  sandbox.control.placeFault(onRefresh("after-commit-before-headers", { kind: "stall", ms: 600_000 }));
  const gaveUp = fetch(`${sandbox.urls.identity}/connect/token`, {
    method: "POST",
    signal: AbortSignal.timeout(100),
    body: "",
  });
  await gaveUp.catch(() => undefined);
  await expect(refreshFor(sandbox, token, 100)).rejects.toThrow();
  expect(lastEntry(sandbox)).toMatchObject({ outcome: "rotate", committed: true });
  sandbox.control.placeFault(onRefresh("before-commit", { kind: "stall", ms: 20 }));
  expect((await refresh(sandbox, token)).status).toBe(200);
});

const refreshFor = (sandbox: Sandbox, refresh_token: string, ms: number) =>
  fetch(`${sandbox.urls.identity}/connect/token`, {
    method: "POST",
    signal: AbortSignal.timeout(ms),
    headers: {
      authorization: `Basic ${Buffer.from("5A4D0B0C0E8F4B0F9A3C6D7E8F901234:sandbox-demo-secret-of-the-demo-app-000000000").toString("base64")}`,
    },
    body: new URLSearchParams({ grant_type: "refresh_token", refresh_token }),
  });

test("in the middle of the body: half an answer, then the end", async () => {
  await using sandbox = await createSandbox();
  const token = await aGrant(sandbox);
  sandbox.control.placeFault(onRefresh("mid-body", { kind: "drop" }));
  const answer = await refresh(sandbox, token);
  expect(answer.status).toBe(200);
  await expect(answer.text()).rejects.toThrow();
  sandbox.control.placeFault(onRefresh("mid-body", { kind: "malformed-json" }));
  const broken = await (await refresh(sandbox, token)).text();
  expect(() => JSON.parse(broken)).toThrow();
  sandbox.control.placeFault(onRefresh("mid-body", { kind: "stall", ms: 20 }));
  expect(await (await refresh(sandbox, token)).json()).toMatchObject({ token_type: "Bearer" });
});

test("a fault hits the nth matching request, so many times, and only its app and grant", async () => {
  await using sandbox = await createSandbox();
  const token = await aGrant(sandbox);
  const fault = onRefresh(
    "before-commit",
    { kind: "status", status: 429, retryAfterSeconds: 22 },
    { nth: 2, times: 2 },
  );
  sandbox.control.placeFault(fault);
  sandbox.control.placeFault({ ...fault, clientId: "ANOTHER0" });
  sandbox.control.placeFault({ ...fault, grantType: "authorization_code" });
  const answers = [];
  for (let each = 0; each < 4; each += 1) answers.push(await refresh(sandbox, token));
  expect(answers.map((answer) => answer.status)).toEqual([200, 429, 429, 200]);
  expect(answers[1]?.headers.get("retry-after")).toBe("22");
  expect(sandbox.control.faults().map(({ seen, hits }) => [seen, hits])).toEqual([
    [4, 2],
    [0, 0],
    [0, 0],
  ]);
});

test("a fault that cannot be is refused", async () => {
  await using sandbox = await createSandbox();
  expect(() => sandbox.control.placeFault(onRefresh("mid-body", { kind: "html", status: 502 }))).toThrow(SandboxError);
});
