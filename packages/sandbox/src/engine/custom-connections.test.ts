import fc from "fast-check";
import { expect, test } from "vitest";
import { anEngine, type EngineWorld } from "../testing/engine-world.ts";
import {
  addSecret,
  allowConsentLink,
  apiAccess,
  buyCustomConnection,
  type CustomConnectionApp,
  clientCredentials,
  createCustomConnection,
  deactivateCustomConnection,
  declineConsentLink,
  editCustomConnection,
  endPurchase,
  mailConsentLink,
  openConsentLink,
  setRole,
  type Turn,
} from "./index.ts";

const clientId = "CUSTOM";
const demo = "organisation";
const live = "live";
const second = "second";
const french = "french";
const people = ["user", "other"] as const;

type Act = (turn: Turn, app: CustomConnectionApp) => void;

/** What can happen to a Custom Connection, by name; the arguments are drawn. */
const acts = {
  edits:
    (scope: string): Act =>
    (turn, app) =>
      void editCustomConnection(turn, app, { scopes: [scope] }),
  hands:
    (userId: string): Act =>
    (turn, app) =>
      void editCustomConnection(turn, app, { authorisingUserId: userId }),
  moves: (): Act => (turn, app) => void editCustomConnection(turn, app, { forgetOrganisation: true }),
  mails: (): Act => (turn, app) => void mailConsentLink(turn, app),
  allows:
    (organisationId: string): Act =>
    (turn) => {
      const link = newestLink(turn);
      if (link?.kind === "open") allowConsentLink(turn, link.link, organisationId);
    },
  declines: (): Act => (turn) => {
    const link = newestLink(turn);
    if (link?.kind === "open") declineConsentLink(turn, link.link);
  },
  buys:
    (organisationId: string): Act =>
    (turn, app) =>
      void buyCustomConnection(turn, app, { userId: app.custom.authorisingUserId, organisationId }),
  ends: (): Act => (turn) => void endPurchase(turn, clientId),
  demotes:
    (userId: string, organisationId: string): Act =>
    (turn) =>
      setRole(turn, { userId, organisationId, role: "Read only" }),
  promotes:
    (userId: string, organisationId: string): Act =>
    (turn) =>
      setRole(turn, { userId, organisationId, role: "Adviser" }),
  deactivates: (): Act => (turn) => void deactivateCustomConnection(turn, clientId),
};

function newestLink(turn: Turn) {
  const mail = [...turn.draft.all("mails")].at(-1);
  return mail === undefined ? undefined : openConsentLink(turn, turn.mint.secret(mail.linkLabel));
}

function aWorld(): EngineWorld {
  const world = anEngine({ "cc.broad_scopes": "allow" });
  world.engine.run(0, (turn) => {
    const known = turn.draft.get("organisations", demo);
    const user = turn.draft.get("users", "user");
    if (known === undefined || user === undefined) throw new Error("the world has changed");
    turn.draft.put("users", "other", { ...user, id: "other", email: "sam@demo.example" });
    turn.draft.put("organisations", live, { ...known, id: live, isDemoCompany: false });
    turn.draft.put("organisations", second, { ...known, id: second, isDemoCompany: false });
    turn.draft.put("organisations", french, { ...known, id: french, countryCode: "FR" });
    for (const userId of people)
      for (const organisationId of [demo, live, second, french])
        setRole(turn, { userId, organisationId, role: "Adviser" });
    createCustomConnection(turn, {
      clientId,
      name: "Nightly",
      companyUrl: null,
      scopes: ["a"],
      authorisingUserId: "user",
      secrets: [addSecret(turn, null).kept],
      createdAtMs: 0,
    });
  });
  return world;
}

const appOf = (turn: Turn): CustomConnectionApp => {
  const app = turn.draft.get("apps", clientId);
  if (app?.kind !== "custom-connection") throw new Error("no custom connection");
  return app;
};

const anOrganisation = fc.constantFrom(demo, live, second, french);
const aPerson = fc.constantFrom(...people);
const anAct: fc.Arbitrary<readonly [string, Act]> = fc.oneof(
  fc.constantFrom("a", "b").map((scope) => [`edits ${scope}`, acts.edits(scope)] as const),
  aPerson.map((person) => [`hands ${person}`, acts.hands(person)] as const),
  anOrganisation.map((id) => [`allows ${id}`, acts.allows(id)] as const),
  anOrganisation.map((id) => [`buys ${id}`, acts.buys(id)] as const),
  fc.tuple(aPerson, anOrganisation).map(([who, id]) => [`demotes ${who} ${id}`, acts.demotes(who, id)] as const),
  fc.tuple(aPerson, anOrganisation).map(([who, id]) => [`promotes ${who} ${id}`, acts.promotes(who, id)] as const),
  fc.constantFrom(
    ["moves", acts.moves()] as const,
    ["mails", acts.mails()] as const,
    ["declines", acts.declines()] as const,
    ["ends", acts.ends()] as const,
    ["deactivates", acts.deactivates()] as const,
  ),
);

/** Whoever reads this knows what `active` promises. */
function promises(turn: Turn, app: CustomConnectionApp): readonly string[] {
  const { organisationId, authorisingUserId } = app.custom;
  const organisation = organisationId === null ? undefined : turn.draft.get("organisations", organisationId);
  const role = turn.draft.get("memberships", `${authorisingUserId}:${organisationId}`)?.role;
  const purchase = turn.draft.get("purchases", clientId);
  return [
    ...(organisation === undefined ? ["no organisation"] : []),
    ...(role === "Adviser" ? [] : ["its user may not connect there"]),
    ...(organisation?.countryCode === "NZ" ? [] : ["not in a country that is served"]),
    ...(organisationId === demo || (purchase?.organisationId === organisationId && purchase.endedAtMs === null)
      ? []
      : ["not paid for"]),
  ];
}

test("whatever happens in whatever order, active means: consented as it stands, paid for, served, by somebody who may", () => {
  fc.assert(
    fc.property(fc.array(anAct, { maxLength: 25 }), (steps) => {
      const { engine } = aWorld();
      let consented: string | null = null;
      for (const [index, [name, act]] of steps.entries()) {
        engine.run(index + 1, (turn) => {
          const before = appOf(turn);
          act(turn, before);
          const after = appOf(turn);
          if (after.custom.authorisedAtMs !== before.custom.authorisedAtMs) consented = standing(after);
          const { state } = after.custom;
          if (state === "active") {
            expect(promises(turn, after), name).toEqual([]);
            expect(standing(after), name).toBe(consented);
          }
          expect(clientCredentials(turn, after, null).kind, name).toBe(state === "active" ? "issued" : "inactive");
          const open = [...turn.draft.all("consentLinks")].filter(({ end }) => end === null);
          expect(open.length, name).toBeLessThanOrEqual(1);
        });
      }
    }),
    { numRuns: 500 },
  );
});

const standing = ({ scopes, custom }: CustomConnectionApp): string =>
  JSON.stringify([scopes, custom.authorisingUserId, custom.organisationId]);

test("the end of a subscription leaves a connection to a demo company alone", () => {
  const { engine } = aWorld();
  const state = engine.run(1, (turn) => {
    for (const act of [acts.buys(live), acts.allows(demo), acts.ends()]) act(turn, appOf(turn));
    return appOf(turn).custom.state;
  });
  expect(state).toBe("active");
});

test("a second organisation cannot buy over the first", () => {
  const { engine } = aWorld();
  const purchase = engine.run(1, (turn) => {
    for (const act of [acts.buys(live), acts.allows(live)]) act(turn, appOf(turn));
    expect(buyCustomConnection(turn, appOf(turn), { userId: "user", organisationId: second })).toBe("bought-elsewhere");
    return turn.draft.get("purchases", clientId);
  });
  expect(purchase?.organisationId).toBe(live);
});

test("a token of one organisation never reaches the next one", () => {
  const { engine } = aWorld();
  engine.run(1, (turn) => {
    for (const act of [acts.edits("accounting.settings"), acts.allows(demo)]) act(turn, appOf(turn));
    const got = clientCredentials(turn, appOf(turn), null);
    if (got.kind !== "issued") throw new Error(got.kind);
    const reaches = (tenantId: string | null) =>
      apiAccess(turn, { accessTokenId: got.tokens.access.id, tenantId, scopes: ["accounting.settings"] }).kind;
    expect([reaches(null), reaches(demo), reaches(live)]).toEqual(["ok", "ok", "tenant-refused"]);
    for (const act of [acts.moves(), acts.buys(live), acts.allows(live)]) act(turn, appOf(turn));
    expect([reaches(null), reaches(demo), reaches(live)]).toEqual([
      "tenant-refused",
      "tenant-refused",
      "tenant-refused",
    ]);
  });
});
