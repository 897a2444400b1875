import { describe, expect, test } from "vitest";
import { createSandbox } from "../index.ts";
import { aPerson, authorizeUrl, refreshWith } from "../testing/person.ts";

describe("a fault hits only", () => {
  const dropped = { point: "before-commit", action: { kind: "status", status: 503 } } as const;
  const scope = "openid accounting.settings accounting.contacts offline_access";

  const twoPeople = async () => {
    const sandbox = await createSandbox();
    const jane = await aPerson("jane@demo.example").connects(sandbox, { organisation: "Maple Florists (AU)", scope });
    const sam = await aPerson("sam@demo.example").connects(sandbox, { organisation: "Demo Company (NZ)", scope });
    const idOf = (email: string) => sandbox.control.users().find((user) => user.email === email)?.id ?? "";
    return { sandbox, control: sandbox.control, jane, sam, idOf, [Symbol.asyncDispose]: () => sandbox.close() };
  };

  test("the person or grant that is named, by refresh token or code", async () => {
    await using world = await twoPeople();
    const { sandbox, control } = world;
    const statuses = async () => [
      (await refreshWith(sandbox, world.jane.refresh_token)).status,
      (await refreshWith(sandbox, world.sam.refresh_token)).status,
    ];
    control.placeFault({ endpoint: "token", userId: world.idOf("sam@demo.example"), ...dropped });
    expect(await statuses()).toEqual([200, 503]);
    control.placeFault({ endpoint: "token", grantId: control.grants()[0]?.id, ...dropped });
    expect(await statuses()).toEqual([503, 200]);
    control.placeFault({
      endpoint: "token",
      grantType: "authorization_code",
      grantId: control.grants()[0]?.id,
      ...dropped,
    });
    const again = await aPerson("jane@demo.example")
      .connects(sandbox, { organisation: "Demo Company (NZ)", scope })
      .catch(() => null);
    expect([again, control.requests().at(-1)?.status]).toEqual([null, 503]);
  });

  test("the organisation, method and path that are named", async () => {
    await using world = await twoPeople();
    const { sandbox, control } = world;
    const organisationId = control.organisations().find(({ name }) => name === "Maple Florists (AU)")?.id ?? "";
    const get = async (path: string, tenant = organisationId, token = world.jane.access_token) => {
      const headers = { authorization: `Bearer ${token}`, "xero-tenant-id": tenant, accept: "application/json" };
      return (await fetch(`${sandbox.urls.api}${path}`, { headers })).status;
    };
    const contacts = "/api.xro/2.0/Contacts";
    const fault = control.placeFault({
      endpoint: "api",
      organisationId,
      path: "/api.xro/2.0/contacts",
      method: "GET",
      times: null,
      ...dropped,
    });
    expect(await get("/api.xro/2.0/Organisation")).toBe(200);
    const demo = control.organisations().find(({ name }) => name === "Demo Company (NZ)")?.id ?? "";
    expect(await get(contacts, demo, world.sam.access_token)).toBe(200);
    expect([await get(contacts), await get(contacts), await get(contacts)]).toEqual([503, 503, 503]);
    control.removeFault(fault.id);
    expect([await get(contacts), control.faults()]).toEqual([200, []]);
  });

  test("the person who is logged in", async () => {
    await using world = await twoPeople();
    const jane = aPerson("jane@demo.example");
    world.control.placeFault({
      endpoint: "connected-apps",
      userId: world.idOf("jane@demo.example"),
      times: null,
      ...dropped,
    });
    const list = `${world.sandbox.urls.login}/connected-apps`;
    expect((await jane.opens(list)).status).toBe(200);
    await jane.reachesConsent(authorizeUrl(world.sandbox));
    expect((await jane.opens(list)).status).toBe(503);
  });
});

test("with a probability the seed says which are hit: about as many as it says, and the same ones again", async () => {
  const pattern = async (seed: number) => {
    await using sandbox = await createSandbox({ seed });
    sandbox.control.placeFault({
      endpoint: "jwks",
      point: "before-commit",
      action: { kind: "status", status: 503 },
      probability: 0.3,
    });
    const statuses = [];
    for (let each = 0; each < 100; each += 1)
      statuses.push((await fetch(`${sandbox.urls.identity}/.well-known/openid-configuration/jwks`)).status);
    return statuses;
  };
  const first = await pattern(1);
  expect(await pattern(1)).toEqual(first);
  expect(await pattern(2)).not.toEqual(first);
  const hits = first.filter((status) => status === 503).length;
  expect(hits).toBeGreaterThan(10);
  expect(hits).toBeLessThan(55);
});
