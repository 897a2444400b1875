import { type App, addSecret, type Turn } from "../engine/index.ts";
import { SandboxError } from "../errors.ts";
import type { AddSecretInput, ChangeAppInput, CreateAppInput } from "./inputs.ts";
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
  /** A further secret beside the old ones, or (`replace`) instead of them. */
  addAppSecret(clientId: string, input?: AddSecretInput): { readonly id: string; readonly clientSecret: string };
  removeAppSecret(clientId: string, secretId: string): RedactedApp;
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
  };
}

function createApp(turn: Turn, input: CreateAppInput): CreatedApp {
  const wanted = parseInput(inputs.createApp, input);
  if (wanted.kind === "pkce" && wanted.clientSecret !== undefined)
    throw new SandboxError("bad_request", "A pkce app has no client secret: leave clientSecret out.");
  const facts = {
    clientId: newClientId(turn, wanted.clientId),
    name: wanted.name,
    scopes: checkScopes(wanted.scopes, wanted.kind),
    createdAtMs: wanted.createdAt === undefined ? turn.nowMs : instantMs(wanted.createdAt),
    redirectUris: checkRedirectUris(wanted.redirectUris),
    tier: wanted.tier,
    certified: wanted.certified,
  };
  if (wanted.kind === "pkce") return created(turn, { ...facts, kind: "pkce" }, null);
  const { kept, secret } = addSecret(turn, wanted.clientSecret ?? null);
  return created(turn, { ...facts, kind: "web", secrets: [kept] }, secret);
}

function created(turn: Turn, app: App, clientSecret: string | null): CreatedApp {
  turn.draft.put("apps", app.clientId, app);
  return { app: redactApp(app), clientId: app.clientId, clientSecret };
}

/** A client id that no app has yet; throws `already_exists`. */
export function newClientId(turn: Turn, wanted: string | undefined): string {
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
    scopes: wanted.scopes === undefined ? app.scopes : checkScopes(wanted.scopes, app.kind),
    redirectUris: wanted.redirectUris === undefined ? app.redirectUris : checkRedirectUris(wanted.redirectUris),
    ...(wanted.tier === undefined ? {} : { tier: wanted.tier }),
    ...(wanted.certified === undefined ? {} : { certified: wanted.certified }),
  };
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
  const others = wanted.replace ? [] : app.secrets;
  if (others.length >= mostSecrets)
    throw new SandboxError("too_many", `An app has at most ${mostSecrets} secrets. Remove one first.`);
  const { kept, secret } = addSecret(turn, wanted.clientSecret ?? null);
  turn.draft.put("apps", clientId, { ...app, secrets: [...others, kept] });
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

/** Throws `not_found`. */
export function appOf(turn: Turn, clientId: string): App {
  const app = turn.draft.get("apps", clientId);
  if (app === undefined) throw new SandboxError("not_found", "There is no app with that client id.");
  return app;
}

function secretAppOf(turn: Turn, clientId: string): Exclude<App, { readonly kind: "pkce" }> {
  const app = appOf(turn, clientId);
  if (app.kind === "pkce") throw new SandboxError("wrong_kind", "A pkce app has no client secret.");
  return app;
}
