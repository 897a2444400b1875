import fc from "fast-check";
import { expect, test } from "vitest";
import { createSandbox } from "../index.ts";
import { aClientOf } from "../testing/accounting-client.ts";
import { accountingRequests } from "../testing/accounting-requests.ts";

const unlimited = { "limits.minute": 1_000_000, "limits.day": 1_000_000, "limits.app_minute": 1_000_000 } as const;

test("whatever is sent to the accounting API, no answer is a 5xx and every answer conforms", {
  timeout: 180_000,
}, async () => {
  await using sandbox = await createSandbox({ switches: unlimited });
  const { call, tenantId } = await aClientOf(sandbox);
  const state = sandbox.control.state();
  const mine = [
    ...state.accounts,
    ...state.contacts,
    ...state.invoices,
    ...state.payments,
    ...state.bankTransactions,
  ].filter((row) => row.organisationId === tenantId);
  const counts = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(accountingRequests(mine.map((row) => row.id)), async ({ method, path, body, headers }) => {
      // The client holds each answer against the OpenAPI file.
      const { status, text } = await call(method, path, { headers, ...(body === undefined ? {} : { body }) });
      const kind = `${method === "GET" ? "read" : "write"} ${status}`;
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
      expect(status, `${method} ${path} ${JSON.stringify(body)}`).toBeLessThan(500);
      expect(text).not.toMatch(/\bat .+\.ts:\d+|node_modules/);
    }),
    { numRuns: 1200 },
  );
  // It is no fuzz if nothing gets through, or everything does.
  for (const kind of ["read 200", "read 400", "read 404", "write 200", "write 400"])
    expect(counts.get(kind) ?? 0, kind).toBeGreaterThan(20);
});

test("a 5xx comes where a fault asks for it, and nowhere else", async () => {
  await using sandbox = await createSandbox();
  const { call, accessToken, tenantId } = await aClientOf(sandbox);
  sandbox.control.placeFault({
    endpoint: "api",
    point: "after-commit-before-headers",
    action: { kind: "html", status: 503 },
  });
  const answer = await fetch(`${sandbox.urls.api}/api.xro/2.0/Contacts`, {
    method: "PUT",
    headers: { authorization: `Bearer ${accessToken}`, "xero-tenant-id": tenantId, "content-type": "application/json" },
    body: JSON.stringify({ Name: "Ann" }),
  });
  expect(answer.status).toBe(503);
  const found = await call("GET", `/Contacts?where=Name=="Ann"`);
  expect([found.status, found.json.Contacts]).toEqual([200, [expect.objectContaining({ Name: "Ann" })]]);
});
