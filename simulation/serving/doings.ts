import { EvergrantError, Secret } from "@evergrant/core";
import type { ConsentResult, ImportView } from "@evergrant/keeper/parts";
import type { ServingNode } from "./serving-node.ts";
import { APP, type ServingWorld } from "./serving-world.ts";

const MINUTE_MS = 60_000;

/** Something that people, operators, attackers or time do to a world; what it may change for whom is told to the ownership. */
export type Doing = (world: ServingWorld) => Promise<void>;

/** What happens, and how often beside the others. */
export const DOINGS = {
  consent: [60, consents],
  "consent of somebody else for a connection in use": [8, takesOver],
  import: [20, imports],
  "code of another run": [6, injectsCode],
  "callback in another browser": [4, foreignBrowser],
  "permissions set": [40, setsPermissions],
  "caller disabled": [4, disablesCaller],
  "connection disabled": [6, disablesConnection],
  "connection removed, its name given again": [5, givesNameAgain],
  "grant revoked at the provider": [4, revokesAtProvider],
  restart: [6, restarts],
  "time passes": [40, passesTime],
} satisfies { readonly [Name in string]: readonly [number, Doing] };
export type DoingName = keyof typeof DOINGS;
export const DOING_NAMES = Object.keys(DOINGS) as readonly DoingName[];

/** What a refusal ends ends; anything else is a mistake of ours. */
export async function does(world: ServingWorld, name: DoingName): Promise<boolean> {
  try {
    await DOINGS[name][1](world);
    return true;
  } catch (error) {
    if (!(error instanceof EvergrantError)) throw error;
    return false;
  }
}

interface Run {
  readonly app: Parameters<ServingNode["keeper"]["consents"]["receive"]>[0]["app"];
  readonly browser: Secret;
  readonly state: string;
  readonly redirectUri: string;
  readonly challenge: string | null;
}

/** A person opens a link and is sent to the provider. */
async function begins(world: ServingWorld, node: ServingNode, connection: string): Promise<Run> {
  const { consents: desk, apps, connections } = node.keeper;
  const { status } = await world.settled(connections.byName(connection));
  const link = await world.settled<{ readonly url: string }>(
    status === "awaiting-consent"
      ? desk.createLink({ connection, accept: "ask", by: "operator" })
      : desk.reconsentLink(connection),
  );
  const browser = new Secret(`browser-${world.chance.below(1e9)}`);
  const begun = await world.settled(desk.begin(new Secret(link.url.split("/consent/")[1] ?? ""), browser));
  const [app] = await world.settled(apps.list());
  const { searchParams } = new URL(begun.authorizeUrl);
  if (app === undefined) throw new Error("the app is gone");
  return {
    app: app.id,
    browser,
    state: searchParams.get("state") ?? "",
    redirectUri: searchParams.get("redirect_uri") ?? "",
    challenge: searchParams.get("code_challenge"),
  };
}

async function comesBack(world: ServingWorld, node: ServingNode, run: Run, code: string) {
  const params = new URLSearchParams({ code, state: run.state });
  const consent = await world.settled(node.keeper.consents.receive({ app: run.app, params, browser: run.browser }));
  return { consent, result: await world.settled(node.keeper.consents.result(consent, run.browser)) };
}

async function gives(
  world: ServingWorld,
  consent: { connection: string; person: string; accepted: boolean },
): Promise<ConsentResult["kind"]> {
  const { node } = world;
  const { connection, person, accepted } = consent;
  const run = await begins(world, node, connection);
  const code = world.provider.consents(person, run.redirectUri, run.challenge);
  const { consent: id, result } = await comesBack(world, node, run, code);
  const decided =
    result.kind === "held"
      ? await world.settled(node.keeper.consents.decide(id, { accept: accepted, by: "operator" }))
      : result;
  if (result.kind === "held" && decided.kind !== (accepted ? "accepted" : "refused"))
    throw new Error(`decided, and ${decided.kind}`);
  if (decided.kind === "accepted") world.ownership.owns(connection, person, { atMs: world.clock.nowMs, by: node.name });
  return decided.kind;
}

async function consents(world: ServingWorld): Promise<void> {
  const connection = `c-${world.chance.below(12)}`;
  if (!world.connections.has(connection)) await world.create(world.node, connection);
  // Fewer people than connections: several stand on one grant.
  const person = world.ownership.ownerOf(connection) ?? world.chance.pick(world.people);
  await gives(world, { connection, person, accepted: true });
}

/** The person who gave it takes it back; the link is opened by whoever finds it. */
async function takesOver(world: ServingWorld): Promise<void> {
  const connection = anyConnection(world);
  const owner = world.ownership.ownerOf(connection);
  if (owner !== null) world.provider.revokeByPerson(owner);
  for (let hours = 0; hours < 3; hours += 1) await world.clock.runUntil(world.clock.nowMs + 60 * MINUTE_MS);
  await gives(world, { connection, person: world.chance.pick(world.people), accepted: world.chance.happens(0.5) });
}

/** Somebody's token comes from another system: for a new connection, or for one that it may not fit. */
async function imports(world: ServingWorld): Promise<void> {
  const { node } = world;
  const isNew = world.chance.happens(0.6) || world.connections.size === 0;
  const connection = isNew ? `i-${world.connections.size}-${world.chance.below(1e9)}` : anyConnection(world);
  const owner = world.ownership.ownerOf(connection);
  const person = world.chance.pick(world.people);
  const refreshToken = new Secret(world.provider.heldElsewhere(person));
  const brought = { connection, app: APP, refreshToken, expectedTenant: null, expectedSubject: null };
  const imported = await isOver(world, node, await world.settled(node.keeper.imports.begin([brought], "operator")));
  if (isNew) world.connections.add(connection);
  const isYes = world.chance.happens(0.5);
  const { result } = imported;
  const decided =
    result.kind === "held"
      ? await world.settled(node.keeper.consents.decide(imported.id, { accept: isYes, by: "operator" }))
      : result;
  // Whose token may follow by itself: nobody's but the one that the connection had.
  if (result.kind === "accepted" && owner !== null && owner !== person) throw new Error("a connection changed hands");
  if (decided.kind === "accepted") world.ownership.owns(connection, person, { atMs: world.clock.nowMs, by: node.name });
}

// A lost answer is asked for again, and a head that took two sends is used once more before it is taken over.
async function isOver(world: ServingWorld, node: ServingNode, begun: readonly ImportView[]): Promise<ImportView> {
  let [imported] = begun;
  for (let looks = 0; looks < 24 && imported?.result.kind === "pending"; looks += 1) {
    await world.clock.runUntil(world.clock.nowMs + 5 * MINUTE_MS);
    imported = await world.settled(node.keeper.imports.read(imported.id));
  }
  if (imported === undefined || imported.result.kind === "pending")
    throw new Error(`an import that is not over: ${imported?.trouble}`);
  return imported;
}

/** An attacker's code in somebody else's run: PKCE binds it to the run that it was asked for in. */
async function injectsCode(world: ServingWorld): Promise<void> {
  const { node } = world;
  const theirs = await begins(world, node, await newConnection(world, node));
  const own = await begins(world, node, await newConnection(world, node));
  const code = world.provider.consents(world.chance.pick(world.people), own.redirectUri, own.challenge);
  const { result } = await comesBack(world, node, theirs, code);
  if (result.kind === "accepted" || result.kind === "held") throw new Error("a code of another run was taken");
}

async function foreignBrowser(world: ServingWorld): Promise<void> {
  const { node } = world;
  const run = await begins(world, node, await newConnection(world, node));
  const code = world.provider.consents(world.chance.pick(world.people), run.redirectUri, run.challenge);
  await comesBack(world, node, { ...run, browser: new Secret("browser-of-another") }, code);
  throw new Error("a callback was taken from another browser");
}

async function newConnection(world: ServingWorld, node: ServingNode): Promise<string> {
  const connection = `x-${world.connections.size}-${world.chance.below(1e9)}`;
  await world.settled(
    node.keeper.connections.create({ name: connection, app: APP, expectedTenant: null, by: "operator" }),
  );
  return connection;
}

async function setsPermissions(world: ServingWorld): Promise<void> {
  const { node, chance } = world;
  const caller = chance.pick(world.callers);
  const named = [...world.connections].filter(() => chance.happens(0.5));
  const permissions = named.map((connection) => ({ connection, right: "token" }) as const);
  // What the others made is known everywhere by then.
  await world.clock.runUntil(world.clock.nowMs + 10_000);
  await world.settled(node.keeper.callers.setPermissions(caller.id, permissions, "operator"));
  const told = { atMs: world.clock.nowMs, by: node.name };
  for (const connection of world.connections)
    world.ownership.permit(caller.id, connection, named.includes(connection), told);
  caller.rights.clear();
  for (const connection of named) caller.rights.add(connection);
}

async function disablesCaller(world: ServingWorld): Promise<void> {
  const { node } = world;
  const caller = world.chance.pick(world.callers);
  await world.settled(node.keeper.callers.setDisabled(caller.id, true, "operator"));
  permitAll(world, node, caller.id, () => false);
  await world.requests(200);
  await world.settled(node.keeper.callers.setDisabled(caller.id, false, "operator"));
  permitAll(world, node, caller.id, (connection) => caller.rights.has(connection));
}

async function disablesConnection(world: ServingWorld): Promise<void> {
  const { node } = world;
  const connection = anyConnection(world);
  const owner = world.ownership.ownerOf(connection);
  await world.settled(node.keeper.connections.setDisabled(connection, true, "operator"));
  world.ownership.owns(connection, null, { atMs: world.clock.nowMs, by: node.name });
  await world.requests(200);
  await world.settled(node.keeper.connections.setDisabled(connection, false, "operator"));
  world.ownership.owns(connection, owner, { atMs: world.clock.nowMs, by: node.name });
}

/** Whoever was permitted to the connection that had the name is not permitted to the one that has it now. */
async function givesNameAgain(world: ServingWorld): Promise<void> {
  const { node } = world;
  const connection = anyConnection(world);
  await world.settled(node.keeper.connections.remove(connection, "operator"));
  world.connections.delete(connection);
  const told = { atMs: world.clock.nowMs, by: node.name };
  world.ownership.owns(connection, null, told);
  for (const caller of world.callers) {
    world.ownership.permit(caller.id, connection, false, told);
    caller.rights.delete(connection);
  }
  await world.create(node, connection);
  await gives(world, { connection, person: world.chance.pick(world.people), accepted: true });
}

async function revokesAtProvider(world: ServingWorld): Promise<void> {
  world.provider.revokeByPerson(world.chance.pick(world.people));
}

async function restarts(world: ServingWorld): Promise<void> {
  await world.settled(world.node.restart());
}

async function passesTime(world: ServingWorld): Promise<void> {
  await world.clock.runUntil(world.clock.nowMs + world.chance.pick([1, 3, 10, 35]) * MINUTE_MS);
}

function permitAll(world: ServingWorld, node: ServingNode, caller: string, may: (connection: string) => boolean): void {
  const told = { atMs: world.clock.nowMs, by: node.name };
  for (const connection of world.connections) world.ownership.permit(caller, connection, may(connection), told);
}

function anyConnection(world: ServingWorld): string {
  const names = [...world.connections];
  if (names.length === 0) throw new EvergrantError("connection_not_available");
  return world.chance.pick(names);
}
