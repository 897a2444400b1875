import type { App, Caller, Connection, ConsentLink, NewApp } from "@evergrant/contract";
import type { AdminClient } from "../admin-client.ts";
import { adminLists } from "../admin-lists.ts";
import { NodeRefusal } from "../command-failure.ts";
import type { DemoFacts } from "./demo-facts.ts";

/** Names of what a demo sets up. */
export const DEMO_APP = "demo-app";
export const DEMO_CONNECTION = "demo-company";
const DEMO_CALLER = "demo-server";
const PERMISSIONS = [
  { connection: DEMO_CONNECTION, right: "token" },
  { connection: DEMO_CONNECTION, right: "consent" },
] as const;

export interface SeedWishes {
  /** Asked only while there is no app yet. */
  newApp(): Promise<NewApp>;
  /** Makes the provider know the app's redirect URI; called at every start. */
  register(app: App): Promise<void>;
  /** What an earlier start wrote down. */
  readonly saved: DemoFacts | null;
}

export interface SeededDemo {
  readonly app: App;
  readonly connection: Connection;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly consentLink: string;
}

/** Sets up app, connection, caller and consent link. Each step looks first, so that whatever a crash left out is made good. */
export async function seedDemo(admin: AdminClient, wishes: SeedWishes): Promise<SeededDemo> {
  const app = await ensureApp(admin, wishes);
  await wishes.register(app);
  const connection = await ensureConnection(admin);
  const caller = await ensureCaller(admin, wishes.saved);
  const consentLink = await ensureConsentLink(admin, connection, wishes.saved);
  return { app, connection, ...caller, consentLink };
}

async function ensureApp(admin: AdminClient, wishes: SeedWishes): Promise<App> {
  const apps = await adminLists.apps(admin);
  const known = apps.find((app) => app.name === DEMO_APP);
  return known ?? (await admin.call("addApp", { body: await wishes.newApp() }));
}

async function ensureConnection(admin: AdminClient): Promise<Connection> {
  const connections = await adminLists.connections(admin);
  const known = connections.find((connection) => connection.name === DEMO_CONNECTION);
  return known ?? (await admin.call("createConnection", { body: { name: DEMO_CONNECTION, app: DEMO_APP } }));
}

type Credentials = Pick<SeededDemo, "clientId" | "clientSecret">;

async function ensureCaller(admin: AdminClient, saved: DemoFacts | null): Promise<Credentials> {
  const callers = await adminLists.callers(admin);
  const known = callers.find((caller) => caller.name === DEMO_CALLER);
  if (known === undefined) {
    const { clientId, clientSecret } = await admin.call("addCaller", {
      body: { name: DEMO_CALLER, permissions: [...PERMISSIONS] },
    });
    return { clientId, clientSecret };
  }
  await ensurePermissions(admin, known);
  if (saved?.clientId === known.id) return { clientId: saved.clientId, clientSecret: saved.clientSecret };
  // Its secret was shown once, to a start that ended before it could write it down.
  const { clientSecret } = await admin.call("addCallerSecret", { params: { id: known.id } });
  return { clientId: known.id, clientSecret };
}

// What an operator has added stays; a connection of this name that was removed took its permissions along.
async function ensurePermissions(admin: AdminClient, caller: Caller): Promise<void> {
  const missing = PERMISSIONS.filter(
    ({ connection, right }) => !caller.permissions.some((has) => has.connection === connection && has.right === right),
  );
  if (missing.length === 0) return;
  const permissions = [...caller.permissions, ...missing];
  await admin.call("setCallerPermissions", { params: { id: caller.id }, body: { permissions } });
}

async function ensureConsentLink(admin: AdminClient, connection: Connection, saved: DemoFacts | null): Promise<string> {
  if (connection.kind === "client_credentials") return "";
  const again = await reconsentLink(admin);
  if (again !== null) return again;
  const { publicUrl } = await admin.call("me");
  const kept = saved === null ? null : rebased(saved.consentLink, publicUrl);
  if (kept !== null && (await stillOpens(kept))) return kept;
  const link: ConsentLink = await admin.call("createConsentLink", {
    params: { name: DEMO_CONNECTION },
    // Whoever starts a demo is the one who chooses the organisation in it.
    body: { accept: "any-tenant" },
  });
  return link.url;
}

async function reconsentLink(admin: AdminClient): Promise<string | null> {
  try {
    return (await admin.call("readReconsentLink", { params: { name: DEMO_CONNECTION } })).url;
  } catch (error) {
    if (error instanceof NodeRefusal && error.problem.code === "consent_not_needed") return null;
    throw error;
  }
}

// The port may be another one than at the last start.
function rebased(link: string, publicUrl: string): string | null {
  return URL.canParse(link) ? new URL(new URL(link).pathname, publicUrl).href : null;
}

// Looking at a consent page changes nothing.
async function stillOpens(link: string): Promise<boolean> {
  try {
    const response = await fetch(link, { redirect: "manual", headers: { accept: "text/html" } });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
