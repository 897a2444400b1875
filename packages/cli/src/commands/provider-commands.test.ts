import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { ProviderList } from "@evergrant/contract";
import { describe, expect, test } from "vitest";
import { aConnection, fakeNode, type Heard, OPERATOR_KEY } from "../testing/fake-node.ts";
import { run } from "../testing/recorded-world.ts";

const env = { EVERGRANT_OPERATOR_KEY: OPERATOR_KEY, EVERGRANT_CLIENT_SECRET: "secret" };

/** A provider that no catalogue knows, whose organisations lie in places of their own and are named in the query. */
const LEDGER: ProviderList["providers"][number] = {
  ...{ id: "ledger", displayName: "Ledger", kind: "authorization_code", apiOrigins: [], examplePath: null },
  ...{ tenantLocator: { kind: "query", name: "company" }, outages: [], unconfirmed: ["revocation"] },
  cannotPromise: ["One lost answer is one lost grant."],
};

async function anApi() {
  const heard: string[] = [];
  const server = createServer((request, response) => {
    heard.push(`${request.headers.authorization} ${request.url}`);
    response.end('{"books":1}');
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { origin, heard, [Symbol.asyncDispose]: async () => void server.close() };
}

const aNode = (providers: ProviderList["providers"], api: string) =>
  fakeNode(({ path }: Heard) => {
    const tenant = { id: "t-1", name: "Demo", status: "connected" as const, sinceMs: 0 };
    const tenants = [{ ...tenant, pinned: { tokenEndpoint: null, api } }];
    const token = { access_token: "access-1", token_type: "Bearer", expires_in: 60, scope: "books" };
    const answers: Readonly<Record<string, unknown>> = {
      "/api/v1/providers": { providers },
      "/api/v1/apps": { apps: [] },
      "/api/v1/connections/acme": aConnection({ provider: "ledger", tenants }),
      "/connections/acme/oauth2/token": { ...token, tenants: [{ id: "t-1", name: "Demo" }] },
    };
    return { status: 200, body: answers[path] };
  });

describe("call", () => {
  test("goes where the node says that a provider of one's own has its API, and names the organisation as it is told", async () => {
    await using api = await anApi();
    await using node = await aNode([LEDGER], api.origin);
    const args = ["call", "acme", "/v1/books?page=2", "--client-id", "cl_1", "--url", node.url];
    expect(await run(args, { env })).toMatchObject({ exitCode: 0, out: expect.stringContaining('{"books":1}') });
    expect(api.heard).toEqual(["Bearer access-1 /v1/books?page=2&company=t-1"]);
  });

  test("goes nowhere where the node does not know the provider", async () => {
    await using api = await anApi();
    await using node = await aNode([], api.origin);
    const ran = await run(["call", "acme", "/v1/books", "--client-id", "cl_1", "--url", node.url], { env });
    expect(ran.exitCode).not.toBe(0);
    expect([ran.err, api.heard]).toEqual([expect.stringContaining("ledger"), []]);
  });
});

test("providers tells what each lets us promise, and what is unconfirmed", async () => {
  await using node = await aNode([LEDGER], "https://api.example");
  const ran = await run(["providers", "--url", node.url], { env });
  expect(ran.out).toMatch(/ledger {2}Ledger\n {2}One lost answer.*\n {2}Used though .*: revocation\./);
  const json = await run(["providers", "--json", "--url", node.url], { env });
  expect(JSON.parse(json.out)).toEqual({ providers: [LEDGER] });
});
