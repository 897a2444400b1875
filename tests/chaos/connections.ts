import type { AddedCaller, App, Connection } from "@evergrant/contract";
import type { Fleet } from "./fleet.ts";

/** A connection, and what every token of it has to say and reach. */
export interface Target {
  readonly name: string;
  readonly organisation: { readonly id: string; readonly name: string };
  readonly clientId: string;
  /** The person's `sub` claim; null: a Custom Connection's tokens have none. */
  readonly subject: string | null;
}

/** All connections, and the one caller that may use them. */
export interface Targets {
  readonly targets: readonly Target[];
  readonly caller: AddedCaller;
}

/** People consent, each for an organisation of their own and through one of two apps; a Custom Connection comes beside them. */
export async function connectAll(fleet: Fleet, people: number): Promise<Targets> {
  const apps = [await anApp(fleet, "books"), await anApp(fleet, "payroll")];
  const targets: Target[] = [];
  for (let person = 0; person < people; person += 1) {
    const app = apps[person % apps.length];
    if (app !== undefined) targets.push(await consented(fleet, person, app));
  }
  targets.push(await aCustomConnection(fleet));
  const permissions = targets.map(({ name }) => ({ connection: name, right: "token" }));
  const caller = await fleet.admin.post<AddedCaller>("/callers", { name: "night-job", permissions });
  return { targets, caller };
}

function origins({ identity, sandbox }: Fleet) {
  return { identity: `http://localhost:${identity.port}`, login: sandbox.urls.login, api: sandbox.urls.api };
}

async function anApp(fleet: Fleet, name: string): Promise<App> {
  const { control } = fleet.sandbox;
  const { clientId, clientSecret } = control.createApp({
    kind: "web",
    name,
    redirectUris: ["http://localhost/unused"],
    tier: "advanced",
    certified: true,
  });
  const added = { name, provider: "xero", clientId, clientSecret, origins: origins(fleet) };
  const app = await fleet.admin.post<App>("/apps", added);
  control.changeApp(clientId, { redirectUris: [app.redirectUri] });
  return app;
}

async function consented(fleet: Fleet, person: number, app: App): Promise<Target> {
  const name = `client-${person}`;
  const { user, organisation } = aPerson(fleet, name);
  await fleet.admin.post<Connection>("/connections", { name, app: app.name, expectedTenant: organisation.id });
  const link = await fleet.admin.post<{ url: string }>(`/connections/${name}/consent-links`, { accept: "any-tenant" });
  const page = await fleet.world.consents(link.url, user.email, organisation.name);
  const { status } = await fleet.admin.get<Connection>(`/connections/${name}`);
  if (status !== "connected") throw new Error(`${name} is ${status}: ${page.text()}`);
  return { name, organisation, clientId: app.clientId, subject: user.id };
}

async function aCustomConnection(fleet: Fleet): Promise<Target> {
  const name = "machine";
  const { control } = fleet.sandbox;
  const { user, organisation } = aPerson(fleet, name);
  const created = control.createCustomConnection({ name, userId: user.id, scopes: ["accounting.settings"] });
  const { clientId, clientSecret } = created;
  control.authoriseCustomConnection(clientId, { organisationId: organisation.id });
  const app = { name: `${name}-app`, provider: "xero-custom-connection", clientId, clientSecret };
  await fleet.admin.post<App>("/apps", { ...app, origins: origins(fleet) });
  await fleet.admin.post<Connection>("/connections", { name, app: app.name });
  return { name, organisation, clientId, subject: null };
}

/** A person at the sandbox with an organisation of their own. */
export function aPerson({ sandbox }: Fleet, name: string) {
  const { control } = sandbox;
  const user = control.createUser({ email: `${name}@demo.example`, givenName: name, familyName: "Owner" });
  const made = { name: `Books of ${name}`, countryCode: "NZ", baseCurrency: "NZD" };
  const organisation = control.createOrganisation(made);
  control.setMembership({ userId: user.id, organisationId: organisation.id, role: "Adviser" });
  return { user, organisation };
}
