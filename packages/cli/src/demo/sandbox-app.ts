import type { App, NewApp } from "@evergrant/contract";
import { DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, type Sandbox } from "@evergrant/sandbox";
import { UsageError } from "../command-failure.ts";
import { DEMO_APP } from "./seed-demo.ts";

const REDIRECT_URIS_MAX = 50;

/** Our side of the app that every sandbox has from the start. */
export function sandboxApp(sandbox: Sandbox): NewApp {
  return {
    name: DEMO_APP,
    provider: "xero",
    clientId: DEMO_CLIENT_ID,
    clientSecret: DEMO_CLIENT_SECRET,
    origins: originsOf(sandbox),
  };
}

/** The sandbox's side: it must know the redirect URI, which we know only once the app is added. */
export function registerAtSandbox(sandbox: Sandbox, app: App): void {
  const origins = originsOf(sandbox);
  if (app.origins?.identity !== origins.identity || app.origins.api !== origins.api)
    throw new UsageError(`The app ${app.name} in this folder does not belong to this sandbox. Use another --folder.`);
  const theirs = sandbox.control.apps().find(({ clientId }) => clientId === app.clientId);
  const known = theirs !== undefined && "redirectUris" in theirs ? theirs.redirectUris : [];
  if (known.includes(app.redirectUri)) return;
  sandbox.control.changeApp(app.clientId, {
    redirectUris: [...known, app.redirectUri].slice(-REDIRECT_URIS_MAX),
  });
}

function originsOf({ urls: { identity, login, api } }: Sandbox): NonNullable<NewApp["origins"]> {
  return { identity, login, api };
}
