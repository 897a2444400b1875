import { createServer, type RequestListener } from "node:http";
import Provider, { type ClientMetadata, type Configuration } from "oidc-provider";
import { FormBrowser, type FormPage } from "../kit/form-browser.ts";
import { listenOnFreePort, stopServer } from "./callback-place.ts";
import { visitedAt } from "./sandbox-server.ts";
import type { RegisteredClient, ServerUnderTest, Visited } from "./server-under-test.ts";

const web: RegisteredClient = { id: "web", secret: "web-secret-for-a-certified-server" };
const other: RegisteredClient = { id: "other", secret: "other-secret-for-a-certified-server" };
const posting: RegisteredClient = { id: "posting", secret: "posting-secret-for-a-certified-server" };
const native: RegisteredClient = { id: "native", secret: null };

/** `oidc-provider`, a certified server, with single-use refresh tokens and its adapter in memory; `change` replaces settings. */
export async function startOidcProvider(redirectUri: string, change: Configuration = {}): Promise<ServerUnderTest> {
  let answer: RequestListener = (_request, response) => response.end();
  const server = createServer((request, response) => answer(request, response));
  const issuer = `http://localhost:${await listenOnFreePort(server)}`;
  const provider = new Provider(issuer, { ...configuration(redirectUri), ...change });
  answer = provider.callback();
  return {
    name: "oidc-provider",
    issuer,
    endpoints: {
      authorization: `${issuer}/auth`,
      token: `${issuer}/token`,
      revocation: `${issuer}/token/revocation`,
      userinfo: `${issuer}/me`,
    },
    clients: { web, other, posting, native },
    redirectUri,
    visit: (url, decision) => visit(url, decision, redirectUri),
    close: () => stopServer(server),
  };
}

function configuration(redirectUri: string): Configuration {
  const client = (
    { id, secret }: RegisteredClient,
    token_endpoint_auth_method: "client_secret_basic" | "client_secret_post" | "none",
  ): ClientMetadata => ({
    client_id: id,
    ...(secret === null ? {} : { client_secret: secret }),
    redirect_uris: [redirectUri],
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    application_type: secret === null ? "native" : "web",
    token_endpoint_auth_method,
  });
  return {
    clients: [
      client(web, "client_secret_basic"),
      client(other, "client_secret_basic"),
      client(posting, "client_secret_post"),
      client(native, "none"),
    ],
    claims: { openid: ["sub"], email: ["email"] },
    findAccount: (_context, sub) => ({ accountId: sub, claims: () => ({ sub, email: `${sub}@demo.example` }) }),
    features: { devInteractions: { enabled: true }, revocation: { enabled: true } },
    rotateRefreshToken: true,
    cookies: { keys: ["for cookies of a test"] },
    ttl: { AccessToken: 1800, IdToken: 300, RefreshToken: 60 * 86_400, AuthorizationCode: 300 },
  };
}

async function visit(url: string, decision: "allow" | "decline", redirectUri: string): Promise<Visited> {
  const browser = new FormBrowser();
  let page = await browser.open(url);
  if (has(page, "Sign-in")) page = await browser.press(page, "Sign-in", { login: "jane", password: "any" });
  if (has(page, "Continue"))
    page = decision === "allow" ? await browser.press(page, "Continue") : await browser.open(cancelAddress(page));
  return visitedAt(page, redirectUri);
}

const has = (page: FormPage, button: string): boolean =>
  page.forms().some((form) => form.buttons.some(({ text }) => text.includes(button)));

const cancelAddress = (page: FormPage): string =>
  new URL(/<a href="([^"]+)">\[ Cancel \]/.exec(page.html)?.[1] ?? "", page.url).href;
