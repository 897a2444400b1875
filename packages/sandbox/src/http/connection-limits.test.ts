import { describe, expect, test } from "vitest";
import { createSandbox, DEMO_REDIRECT_URI, type Sandbox, type Tier } from "../index.ts";
import { aPerson, authorizeUrl, connectedJane } from "../testing/person.ts";

const bulk = { acr_values: "bulk_connect:true" };
const anApp = (sandbox: Sandbox, name: string, more: { readonly tier?: Tier; readonly certified?: boolean } = {}) =>
  sandbox.control.createApp({ name, redirectUris: [DEMO_REDIRECT_URI], ...more }).clientId;
const live = (sandbox: Sandbox) => sandbox.control.connections().filter((connection) => connection.endedAtMs === null);

/** Jane becomes Adviser of so many more organisations. */
function moreOrganisations(sandbox: Sandbox, count: number): readonly string[] {
  const jane = sandbox.control.users().find((user) => user.email === "jane@demo.example");
  return Array.from({ length: count }, (_, index) => {
    const facts = { name: `Client ${index + 1}`, countryCode: "NZ", baseCurrency: "NZD" };
    const { id } = sandbox.control.createOrganisation(facts);
    sandbox.control.setMembership({ userId: jane?.id ?? "", organisationId: id, role: "Adviser" });
    return facts.name;
  });
}

async function tries(sandbox: Sandbox, clientId: string, organisation: string): Promise<string> {
  const jane = aPerson("jane@demo.example");
  const url = authorizeUrl(sandbox, { client_id: clientId });
  const id = sandbox.control.organisations().find((each) => each.name === organisation)?.id ?? "";
  const answer = await jane.decides(url, { decision: "allow", organisation: id });
  return answer.status === 302 ? "connected" : await answer.text();
}

describe("tiers", () => {
  test("a new app is of the Starter tier: five organisations, and the sixth is refused in words", async () => {
    await using sandbox = await createSandbox();
    const clientId = anApp(sandbox, "New");
    const names = moreOrganisations(sandbox, 6);
    for (const name of names.slice(0, 5)) expect(await tries(sandbox, clientId, name)).toBe("connected");
    expect(await tries(sandbox, clientId, names[5] ?? "")).toContain("as many organisations connected as its tier");
    expect(live(sandbox).length).toBe(5);
  });

  test("disconnecting one, or a higher tier, makes room", async () => {
    await using sandbox = await createSandbox();
    const clientId = anApp(sandbox, "New");
    const names = moreOrganisations(sandbox, 7);
    for (const name of names.slice(0, 5)) await tries(sandbox, clientId, name);
    sandbox.control.disconnect(live(sandbox)[0]?.id ?? "");
    expect(await tries(sandbox, clientId, names[5] ?? "")).toBe("connected");
    sandbox.control.changeApp(clientId, { tier: "core" });
    expect(await tries(sandbox, clientId, names[6] ?? "")).toBe("connected");
  });

  test("a switch gives all apps one tier, whatever each is of", async () => {
    await using sandbox = await createSandbox({ switches: { "limits.tier": "starter" } });
    const clientId = anApp(sandbox, "Practice", { tier: "advanced" });
    const names = moreOrganisations(sandbox, 6);
    for (const name of names.slice(0, 5)) expect(await tries(sandbox, clientId, name)).toBe("connected");
    expect(await tries(sandbox, clientId, names[5] ?? "")).toContain("as many organisations connected as its tier");
    const bulkUrl = authorizeUrl(sandbox, { client_id: clientId, ...bulk });
    const page = await (await aPerson("jane@demo.example").reachesConsent(bulkUrl)).text();
    expect(page).not.toContain("Select the organisations to connect");
    sandbox.control.setSwitches({ "limits.tier": "by-app" });
    expect(await tries(sandbox, clientId, names[5] ?? "")).toBe("connected");
  });
});

describe("bulk connection", () => {
  test("an app of the Advanced tier connects several organisations in one consent, with one authEventId", async () => {
    await using sandbox = await createSandbox();
    const clientId = anApp(sandbox, "Practice", { tier: "advanced", certified: true });
    const names = moreOrganisations(sandbox, 3);
    const jane = aPerson("jane@demo.example");
    const url = authorizeUrl(sandbox, { client_id: clientId, ...bulk });
    expect(await (await jane.reachesConsent(url)).text()).toContain("Select the organisations to connect");
    const answer = await jane.connectsInBulk(url, names);
    expect(new URL(answer.headers.get("location") ?? "").searchParams.get("code")).not.toBeNull();
    expect(live(sandbox).length).toBe(3);
    expect(new Set(live(sandbox).map((connection) => connection.authEventId)).size).toBe(1);
  });

  test("it is all or nothing, and nothing chosen is refused", async () => {
    await using sandbox = await createSandbox();
    const clientId = anApp(sandbox, "Practice", { tier: "advanced" });
    const names = moreOrganisations(sandbox, 2);
    for (const other of ["A", "B"]) await tries(sandbox, anApp(sandbox, other), names[1] ?? "");
    const jane = aPerson("jane@demo.example");
    const url = authorizeUrl(sandbox, { client_id: clientId, ...bulk });
    expect((await jane.connectsInBulk(url, names)).status).toBe(400);
    expect((await jane.connectsInBulk(url, [])).status).toBe(400);
    expect(live(sandbox).filter((connection) => connection.clientId === clientId)).toEqual([]);
  });

  test("an app of a lower tier gets the page for one organisation whatever it asks for", async () => {
    await using sandbox = await createSandbox();
    const url = authorizeUrl(sandbox, { client_id: anApp(sandbox, "Small"), ...bulk });
    const page = await (await aPerson("jane@demo.example").reachesConsent(url)).text();
    expect(page).toContain("Select an organisation to connect");
    expect(page).not.toContain('type="checkbox"');
  });
});

describe("two uncertified apps per organisation", () => {
  const company = "Demo Company (NZ)";

  test("a third is refused; a certified one and the first two are not", async () => {
    await using sandbox = await createSandbox();
    const [first, second, third] = ["First", "Second", "Third"].map((name) => anApp(sandbox, name));
    expect(await tries(sandbox, first ?? "", company)).toBe("connected");
    expect(await tries(sandbox, second ?? "", company)).toBe("connected");
    expect(await tries(sandbox, third ?? "", company)).toContain("Two uncertified apps are connected");
    expect(await tries(sandbox, anApp(sandbox, "Certified", { certified: true }), company)).toBe("connected");
    expect(await tries(sandbox, third ?? "", "Maple Florists (AU)")).toBe("connected");
  });

  test("or it pushes out the one that was renewed longest ago, by switch", async () => {
    await using sandbox = await createSandbox({ switches: { third_uncertified_app: "push-out" } });
    const ids: string[] = [];
    for (const name of ["First", "Second", "Third"]) {
      ids.push(anApp(sandbox, name));
      await sandbox.control.advance({ by: "1m" });
      expect(await tries(sandbox, ids.at(-1) ?? "", company)).toBe("connected");
    }
    expect(live(sandbox).map((connection) => connection.clientId)).toEqual(ids.slice(1));
    const pushed = sandbox.control.connections().find((connection) => connection.clientId === ids[0]);
    expect(pushed?.endedReason).toBe("pushed-out");
  });
});

describe("a dead connection is not a dead token", () => {
  const ways: readonly (readonly [title: string, end: (sandbox: Sandbox, connectionId: string) => unknown])[] = [
    ["the person disconnects in Xero", (sandbox, id) => sandbox.control.disconnect(id)],
    [
      "the person loses the role",
      (sandbox) => {
        const [membership] = sandbox.control.memberships();
        return sandbox.control.setMembership({
          userId: membership?.userId ?? "",
          organisationId: membership?.organisationId ?? "",
          role: "Read only",
        });
      },
    ],
    [
      "the demo company is reset",
      (sandbox) => sandbox.control.resetDemoCompany(sandbox.control.organisations()[0]?.id ?? ""),
    ],
    [
      "the demo company is reset at its time",
      async (sandbox) => {
        const organisationId = sandbox.control.organisations()[0]?.id ?? "";
        const at = sandbox.control.clock().nowMs + 60_000;
        sandbox.control.schedule({ at, action: { kind: "reset-demo-company", organisationId } });
        await sandbox.control.advance({ by: "2m" });
      },
    ],
  ];

  test.each(ways)("%s: the API answers 403, the list is empty, refreshing goes on", async (_title, end) => {
    await using sandbox = await createSandbox();
    const tokens = await connectedJane(sandbox);
    const [connection] = live(sandbox);
    await end(sandbox, connection?.id ?? "");
    const headers = {
      authorization: `Bearer ${tokens.access_token}`,
      accept: "application/json",
      "xero-tenant-id": connection?.tenantId ?? "",
    };
    expect((await fetch(`${sandbox.urls.api}/api.xro/2.0/Organisation`, { headers })).status).toBe(403);
    const listed = await fetch(`${sandbox.urls.api}/connections`, { headers });
    expect([listed.status, await listed.json()]).toEqual([200, []]);
    expect(sandbox.control.tokenAccepted({ token: tokens.refresh_token }).accepted).toBe(true);
    expect(sandbox.control.verify()).toMatchObject({ ok: true, lostGrants: [], liveGrants: 1 });
  });

  test("only a demo company can be reset", async () => {
    await using sandbox = await createSandbox();
    const maple = sandbox.control.organisations().find((each) => !each.isDemoCompany)?.id ?? "";
    expect(() => sandbox.control.resetDemoCompany(maple)).toThrow("not a demo company");
    expect(() => sandbox.control.resetDemoCompany("nobody")).toThrow("no organisation");
  });
});
