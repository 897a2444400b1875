import {
  type App,
  type AuthoriseRefusal,
  addSecret,
  authoriseCustomConnection,
  deactivateCustomConnection,
  type Turn,
} from "../engine/index.ts";
import { SandboxError, type SandboxErrorCode } from "../errors.ts";
import type {
  AddSecretInput,
  AuthoriseCustomConnectionInput,
  ChangeAppInput,
  ChangeCustomConnectionInput,
  CreateAppInput,
  CreateCustomConnectionInput,
} from "./inputs.ts";
import { inputs } from "./inputs.ts";
import { instantMs } from "./instants.ts";
import { parseInput } from "./parse-input.ts";
import { type RedactedApp, redactApp } from "./redacted-state.ts";
import { checkRedirectUris, checkScopes } from "./redirect-uris.ts";

/** An app as created: the only answer that holds its secret (null for an app without one). */
export interface CreatedApp {
  readonly app: RedactedApp;
  readonly clientId: string;
  readonly clientSecret: string | null;
}

export interface AppControl {
  apps(): readonly RedactedApp[];
  createApp(input: CreateAppInput): CreatedApp;
  changeApp(clientId: string, input: ChangeAppInput): RedactedApp;
  /** A further secret beside the old ones. */
  addAppSecret(clientId: string, input?: AddSecretInput): { readonly id: string; readonly clientSecret: string };
  removeAppSecret(clientId: string, secretId: string): RedactedApp;
  /** A Custom Connection in the state `awaiting-consent`. */
  createCustomConnection(input: CreateCustomConnectionInput): CreatedApp;
  /** The authorising user consents: `active`. */
  authoriseCustomConnection(clientId: string, input: AuthoriseCustomConnectionInput): RedactedApp;
  /** A change of name or scopes deactivates it until it is authorised again. */
  changeCustomConnection(clientId: string, input: ChangeCustomConnectionInput): RedactedApp;
  deactivateCustomConnection(clientId: string): RedactedApp;
}

type InTurn = <R>(work: (turn: Turn) => R) => R;

/** The part of the control API that is about apps. */
export function createAppControl(inTurn: InTurn): AppControl {
  return {
    apps: () => inTurn((turn) => [...turn.draft.all("apps")].map(redactApp)),
    createApp: (input) => inTurn((turn) => createApp(turn, input)),
    changeApp: (clientId, input) => inTurn((turn) => changeApp(turn, clientId, input)),
    addAppSecret: (clientId, input = {}) => inTurn((turn) => giveSecret(turn, clientId, input)),
    removeAppSecret: (clientId, secretId) => inTurn((turn) => removeSecret(turn, clientId, secretId)),
    createCustomConnection: (input) => inTurn((turn) => createCustomConnection(turn, input)),
    authoriseCustomConnection: (clientId, input) =>
      inTurn((turn) => {
        const refused = authoriseCustomConnection(
          turn,
          clientId,
          parseInput(inputs.authoriseCustomConnection, input).organisationId,
        );
        if (refused !== null) throw new SandboxError(...refusals[refused]);
        return redactApp(appOf(turn, clientId));
      }),
    changeCustomConnection: (clientId, input) => inTurn((turn) => changeCustomConnection(turn, clientId, input)),
    deactivateCustomConnection: (clientId) =>
      inTurn((turn) => {
        if (!deactivateCustomConnection(turn, customOf(turn, clientId).clientId))
          throw new Error("it was a custom connection");
        return redactApp(appOf(turn, clientId));
      }),
  };
}

const refusals: { readonly [R in AuthoriseRefusal]: [SandboxErrorCode, string] } = {
  "unknown-app": ["not_found", "There is no app with that client id."],
  "not-a-custom-connection": ["wrong_kind", "That app is not a Custom Connection."],
  "not-a-member": [
    "not_found",
    "The authorising user does not belong to that organisation. Give them a role there first.",
  ],
  "role-may-not-connect": ["role_may_not_connect", "Only the Standard and Adviser roles may connect."],
  region: ["region_not_served", "Custom Connections exist for organisations in AU, NZ, GB and US only."],
};

function createApp(turn: Turn, input: CreateAppInput): CreatedApp {
  const wanted = parseInput(inputs.createApp, input);
  if (wanted.kind === "pkce" && wanted.clientSecret !== undefined)
    throw new SandboxError("bad_request", "A pkce app has no client secret: leave clientSecret out.");
  const facts = {
    clientId: newClientId(turn, wanted.clientId),
    name: wanted.name,
    scopes: checkScopes(wanted.scopes),
    createdAtMs: wanted.createdAt === undefined ? turn.nowMs : instantMs(wanted.createdAt),
    redirectUris: checkRedirectUris(wanted.redirectUris),
    tier: wanted.tier,
    certified: wanted.certified,
  };
  if (wanted.kind === "pkce") return created(turn, { ...facts, kind: "pkce" }, null);
  const { kept, secret } = addSecret(turn, wanted.clientSecret ?? null);
  return created(turn, { ...facts, kind: "web", secrets: [kept] }, secret);
}

function createCustomConnection(turn: Turn, input: CreateCustomConnectionInput): CreatedApp {
  const wanted = parseInput(inputs.createCustomConnection, input);
  if (turn.draft.get("users", wanted.userId) === undefined)
    throw new SandboxError("not_found", "There is no user with that id.");
  const { kept, secret } = addSecret(turn, wanted.clientSecret ?? null);
  const connectionId = turn.mint.uuid(turn.label("connection"));
  const custom = {
    authorisingUserId: wanted.userId,
    organisationId: null,
    state: "awaiting-consent" as const,
    connectionId,
    authorisedAtMs: null,
  };
  const facts = {
    clientId: newClientId(turn, wanted.clientId),
    name: wanted.name,
    scopes: checkScopes(wanted.scopes),
    createdAtMs: turn.nowMs,
  };
  return created(turn, { ...facts, kind: "custom-connection", secrets: [kept], custom }, secret);
}

function created(turn: Turn, app: App, clientSecret: string | null): CreatedApp {
  turn.draft.put("apps", app.clientId, app);
  return { app: redactApp(app), clientId: app.clientId, clientSecret };
}

function newClientId(turn: Turn, wanted: string | undefined): string {
  const clientId = wanted ?? turn.mint.hex32(turn.label("client-id")).toUpperCase();
  if (turn.draft.get("apps", clientId) !== undefined)
    throw new SandboxError("already_exists", `There is already an app ${clientId}.`);
  return clientId;
}

function changeApp(turn: Turn, clientId: string, input: ChangeAppInput): RedactedApp {
  const wanted = parseInput(inputs.changeApp, input);
  const app = appOf(turn, clientId);
  if (app.kind === "custom-connection")
    throw new SandboxError("wrong_kind", "That app is a Custom Connection: change it as one.");
  const changed = {
    ...app,
    name: wanted.name ?? app.name,
    scopes: wanted.scopes === undefined ? app.scopes : checkScopes(wanted.scopes),
    redirectUris: wanted.redirectUris === undefined ? app.redirectUris : checkRedirectUris(wanted.redirectUris),
    ...(wanted.tier === undefined ? {} : { tier: wanted.tier }),
    ...(wanted.certified === undefined ? {} : { certified: wanted.certified }),
  };
  turn.draft.put("apps", clientId, changed);
  return redactApp(changed);
}

function changeCustomConnection(turn: Turn, clientId: string, input: ChangeCustomConnectionInput): RedactedApp {
  const wanted = parseInput(inputs.changeCustomConnection, input);
  const app = customOf(turn, clientId);
  const scopes = wanted.scopes === undefined ? app.scopes : checkScopes(wanted.scopes);
  const state = app.custom.state === "active" ? ("deactivated" as const) : app.custom.state;
  const changed: App = { ...app, name: wanted.name ?? app.name, scopes, custom: { ...app.custom, state } };
  turn.draft.put("apps", clientId, changed);
  return redactApp(changed);
}

const mostSecrets = 10;

function giveSecret(
  turn: Turn,
  clientId: string,
  input: AddSecretInput,
): { readonly id: string; readonly clientSecret: string } {
  const wanted = parseInput(inputs.addSecret, input);
  const app = secretAppOf(turn, clientId);
  if (app.secrets.length >= mostSecrets)
    throw new SandboxError("too_many", `An app has at most ${mostSecrets} secrets. Remove one first.`);
  const { kept, secret } = addSecret(turn, wanted.clientSecret ?? null);
  turn.draft.put("apps", clientId, { ...app, secrets: [...app.secrets, kept] });
  return { id: kept.id, clientSecret: secret };
}

function removeSecret(turn: Turn, clientId: string, secretId: string): RedactedApp {
  const app = secretAppOf(turn, clientId);
  if (!app.secrets.some((secret) => secret.id === secretId))
    throw new SandboxError("not_found", "The app has no secret with that id.");
  const changed: App = { ...app, secrets: app.secrets.filter((secret) => secret.id !== secretId) };
  turn.draft.put("apps", clientId, changed);
  return redactApp(changed);
}

function appOf(turn: Turn, clientId: string): App {
  const app = turn.draft.get("apps", clientId);
  if (app === undefined) throw new SandboxError(...refusals["unknown-app"]);
  return app;
}

function secretAppOf(turn: Turn, clientId: string): Exclude<App, { readonly kind: "pkce" }> {
  const app = appOf(turn, clientId);
  if (app.kind === "pkce") throw new SandboxError("wrong_kind", "A pkce app has no client secret.");
  return app;
}

function customOf(turn: Turn, clientId: string): Extract<App, { readonly kind: "custom-connection" }> {
  const app = appOf(turn, clientId);
  if (app.kind !== "custom-connection") throw new SandboxError(...refusals["not-a-custom-connection"]);
  return app;
}
