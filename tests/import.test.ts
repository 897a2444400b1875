import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Import } from "@evergrant/contract";
import { POINTS } from "@evergrant/keeper";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "./kit/eventually.ts";
import { anOtherSystem, type OtherSystem } from "./kit/other-system.ts";
import { aWorld, DEMO_COMPANY, type World } from "./kit/world.ts";

type Brought = Readonly<Record<string, string>>;

const brings = async (world: World, ...tokens: readonly Brought[]): Promise<readonly Import[]> =>
  (await world.admin.post<{ imports: readonly Import[] }>("/imports", { tokens })).imports;

const refused = async (work: Promise<unknown>): Promise<string> =>
  await work.then(
    () => "not refused",
    (error: unknown) => String(error),
  );

describe("a refresh token that another system held", () => {
  test("is verified by exactly one refresh, and serves callers from then on", async () => {
    await using world = await aWorld();
    await world.start();
    await world.setUp();
    const other = await anOtherSystem(world);
    const refreshToken = await other.token();
    const before = world.refreshes().length;
    const [imported] = await brings(world, { connection: "old", app: other.app, refreshToken });
    expect(imported).toMatchObject({ result: { kind: "accepted", connection: "old", tenants: [DEMO_COMPANY] } });
    expect(world.refreshes().length - before).toBe(1);
    await world.permit(["old"]);
    const token = await world.token("old");
    expect(await world.organisation(token)).toEqual({ status: 200, name: DEMO_COMPANY });
    expect(world.refreshes().length - before).toBe(1);
    await world.advance("61d");
    expect(await world.organisation(await world.token("old"))).toMatchObject({ status: 200 });
    expect(world.sandbox.control.verify()).toMatchObject({ lostGrants: [] });
    const history = await world.admin.get<{ consents: object[] }>("/connections/old/consents");
    expect(history.consents).toMatchObject([{ purpose: "import", outcome: "accepted", decidedBy: "rule" }]);
  });

  test("is refused before anything is sent where it, or a later one of ours, was held here before", async () => {
    await using world = await aWorld();
    await world.connected();
    const other = await anOtherSystem(world);
    const refreshToken = await other.token();
    await brings(world, { connection: "old", app: other.app, refreshToken });
    const before = world.refreshes().length;
    const again = { connection: "another", app: other.app, refreshToken };
    expect(await refused(brings(world, again))).toContain("import_token_known");
    const fresh = await other.token();
    const twice = [
      { connection: "a", app: other.app, refreshToken: fresh },
      { connection: "b", app: other.app, refreshToken: fresh },
    ];
    expect(await refused(brings(world, ...twice))).toContain("import_token_known");
    // One bad entry keeps the whole list from being sent.
    const mixed = [
      { connection: "a", app: other.app, refreshToken: fresh },
      again,
      { connection: "c", app: "none", refreshToken: await other.token() },
    ];
    const told = await refused(brings(world, ...mixed));
    expect(told).toContain("import_refused");
    expect(told).toContain("2 (another): import_token_known, 3 (c): app_unknown");
    expect(told).not.toContain(refreshToken);
    expect(world.refreshes().length).toBe(before);
    expect((await world.admin.get<{ connections: { name: string }[] }>("/connections")).connections).toHaveLength(2);
  });

  test("is refused by the provider where the other system used it long ago, and nothing of it is served", async () => {
    await using world = await aWorld();
    await world.start();
    await world.setUp();
    const other = await anOtherSystem(world);
    const old = await other.token();
    await other.refresh(old);
    await world.advance("2h");
    const [begun] = await brings(world, { connection: "old", app: other.app, refreshToken: old });
    expect(begun).toMatchObject({ result: { kind: "pending" }, trouble: expect.stringContaining("refused") });
    await world.advance("3h");
    const read = await world.admin.get<Import>(`/imports/${begun?.id}`);
    expect(read.result).toEqual({ kind: "failed", connection: "old", code: "import_token_refused" });
    expect((await world.status("old")).status).toBe("awaiting-consent");
  });

  test.each([
    ["another person than expected", { expectedSubject: "somebody-else" }, "other-subject"],
    ["an organisation that it does not reach", { expectedTenant: "Maple Florists (AU)" }, "expected-tenant-missing"],
  ] as const)("waits for an operator where it is of %s", async (_what, expected, reason) => {
    await using world = await aWorld();
    await world.start();
    await world.setUp();
    const other = await anOtherSystem(world);
    const refreshToken = await other.token();
    const [imported] = await brings(world, { connection: "old", app: other.app, refreshToken, ...expected });
    expect(imported?.result).toMatchObject({ kind: "held", because: [reason] });
    await world.permit(["old"]);
    expect((await world.askToken("old")).body.code).toBe("consent_required");
    await world.admin.post(`/consents/${imported?.id}/decision`, { accept: true });
    expect(await world.organisation(await world.token("old"))).toEqual({ status: 200, name: DEMO_COMPANY });
  });

  test("of a person whose grant is here already joins that grant", async () => {
    await using world = await aWorld();
    await world.start();
    await world.setUp();
    const other = await anOtherSystem(world);
    await brings(world, { connection: "first", app: other.app, refreshToken: await other.token() });
    const second = await brings(world, { connection: "second", app: other.app, refreshToken: await other.token() });
    expect(second).toMatchObject([{ result: { kind: "accepted", sharedWith: ["first"] } }]);
    await world.permit(["first", "second"]);
    expect((await world.token("first")).access_token).toBe((await world.token("second")).access_token);
  });

  test("stands in no log, error or file in clear", async () => {
    await using world = await aWorld();
    await world.start();
    await world.setUp();
    const other = await anOtherSystem(world);
    const refreshToken = await other.token();
    await brings(world, { connection: "old", app: other.app, refreshToken });
    await refused(brings(world, { connection: "other", app: other.app, refreshToken }));
    await refused(brings(world, { connection: "Bad Name", app: other.app, refreshToken }));
    await refused(brings(world, { connection: "x", refreshToken, surprise: refreshToken }));
    await world.stop();
    for (const file of readdirSync(world.folder, { recursive: true }).map((name) => join(world.folder, String(name))))
      if (statSync(file).isFile()) expect(readFileSync(file).includes(refreshToken), file).toBe(false);
  });
});

describe("the process is killed while an imported token is verified", () => {
  // One world lives through all of them, one crash after the other.
  let world: World;
  let other: OtherSystem;
  beforeAll(async () => {
    world = await aWorld({ policy: "scaled" });
    await world.start();
    await world.setUp();
    other = await anOtherSystem(world);
  });
  afterAll(async () => await world[Symbol.asyncDispose]());

  test.each(POINTS)("at %s: it is connected after the restart", async (point) => {
    const connection = `killed-at-${point}`;
    const { email, organisation } = world.aPerson(connection);
    const refreshToken = await other.token(email, organisation);
    await world.node.arm({ point, subject: "refresh" });
    await brings(world, { connection, app: other.app, refreshToken }).catch(() => undefined);
    await world.node.ended;
    await world.start();
    await eventually(async () => {
      await world.advance("5s");
      expect((await world.status(connection)).status).toBe("connected");
    });
    await world.permit([connection]);
    expect(await world.organisation(await world.token(connection))).toEqual({ status: 200, name: organisation });
    expect(world.sandbox.control.verify()).toMatchObject({ lostGrants: [] });
  });
});

test("an answer to an import that is lost is asked for again, and taken over once the second is confirmed", async () => {
  await using world = await aWorld();
  await world.start();
  await world.setUp();
  const other = await anOtherSystem(world);
  const refreshToken = await other.token();
  world.sandbox.control.placeFault({
    ...{
      endpoint: "token",
      grantType: "refresh_token",
      point: "after-commit-before-headers",
      action: { kind: "drop" },
    },
  });
  const [begun] = await brings(world, { connection: "old", app: other.app, refreshToken });
  expect(begun?.result.kind).toBe("pending");
  for (let minutes = 0; minutes < 40; minutes += 5) await world.advance("5m");
  expect((await world.status("old")).status).toBe("connected");
  expect(world.sandbox.control.verify()).toMatchObject({ lostGrants: [] });
});
