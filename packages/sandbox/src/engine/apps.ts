import type { App, AppSecret } from "./rows.ts";
import type { Turn } from "./turn.ts";

/** What a request presented as its client: the secret may have been sent raw or form-encoded, so there can be two readings. */
export type PresentedClient = { readonly clientId: string; readonly secret: string | null };

/** RFC 6749 §2.3: the app that the request is from, or null (`invalid_client`). */
export function authenticateApp(turn: Turn, readings: readonly PresentedClient[]): App | null {
  for (const reading of readings) {
    const app = turn.draft.get("apps", reading.clientId);
    if (app !== undefined && isProven(turn, app, reading.secret)) return app;
  }
  return null;
}

function isProven(turn: Turn, app: App, secret: string | null): boolean {
  switch (app.kind) {
    case "pkce":
      return secret === null || secret === "";
    case "web":
    case "custom-connection":
      return secret !== null && app.secrets.some((known) => known.hash === turn.mint.hash(secret));
  }
}

/** A further secret for an app; the secret itself is returned once and kept nowhere. */
export function addSecret(turn: Turn, secret: string | null): { readonly kept: AppSecret; readonly secret: string } {
  const label = turn.label("client-secret");
  const value = secret ?? turn.mint.secret(label);
  return { kept: { id: turn.mint.uuid(label), hash: turn.mint.hash(value) }, secret: value };
}
