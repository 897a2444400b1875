import type { App } from "@evergrant/contract";
import { saysYes } from "./consent-run.ts";
import { DEMO_COMPANY, type World } from "./world.ts";

/** A system that had its own app and refresh tokens before Evergrant came. */
export interface OtherSystem {
  /** The name that its app has in Evergrant. */
  readonly app: string;
  readonly clientId: string;
  /** Somebody consents there; the refresh token that it then holds. */
  token(email?: string, organisation?: string): Promise<string>;
  /** It refreshes by itself, as it always did. */
  refresh(refreshToken: string): Promise<{ readonly status: number; readonly refresh_token: string }>;
}

export async function anOtherSystem(world: World, app = "old-app"): Promise<OtherSystem> {
  const { control, urls } = world.sandbox;
  const elsewhere = `${urls.identity}/elsewhere`;
  const { clientId, clientSecret } = control.createApp({
    ...{ kind: "web", name: "Old job", redirectUris: [elsewhere], tier: "advanced", certified: true },
  });
  const { identity, login, api } = urls;
  const { scopes } = await world.admin.post<App>("/apps", {
    ...{ name: app, provider: "xero", clientId, clientSecret, origins: { identity, login, api } },
  });
  const ask = async (form: Readonly<Record<string, string>>) => {
    const response = await fetch(`${identity}/connect/token`, {
      method: "POST",
      headers: { authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString("base64")}` },
      body: new URLSearchParams(form),
    });
    const body = (await response.json()) as { refresh_token?: string };
    return { status: response.status, refresh_token: body.refresh_token ?? "" };
  };
  return {
    ...{ app, clientId },
    token: async (email = "jane@demo.example", organisation = DEMO_COMPANY) => {
      const address = new URL("/identity/connect/authorize", login);
      const scope = scopes.join(" ");
      const query = { response_type: "code", client_id: clientId, redirect_uri: elsewhere, scope, state: "x" };
      for (const [name, value] of Object.entries(query)) address.searchParams.set(name, value);
      const { url } = await saysYes(address.href, email, organisation);
      const code = new URL(url).searchParams.get("code") ?? "";
      const answer = await ask({ grant_type: "authorization_code", code, redirect_uri: elsewhere });
      if (answer.status !== 200) throw new Error(`no token: ${answer.status}`);
      return answer.refresh_token;
    },
    refresh: (refreshToken) => ask({ grant_type: "refresh_token", refresh_token: refreshToken }),
  };
}
