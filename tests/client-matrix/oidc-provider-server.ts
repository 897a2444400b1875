import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createSandbox, type Sandbox, type Time } from "@evergrant/sandbox";
import Provider, { type Configuration } from "oidc-provider";
import { FormBrowser, type FormPage } from "../kit/form-browser.ts";
import { listenOnFreePort, stopServer } from "../protocol/callback-place.ts";
import type { ClientSetup, MatrixServer } from "./matrix-server.ts";

declare global {
  /** Of `tests/kit/moved-date.cjs`. */
  var moveDate: (ms: number) => void;
}

const MOVED_DATE = join(import.meta.dirname, "../kit/moved-date.cjs");
const machineNowMs = Date.now.bind(Date);
const CLIENT = { clientId: "matrix", clientSecret: "the-secret-of-the-matrix-at-oidc-provider" };

/** `oidc-provider`, a certified server: single-use refresh tokens, no grace, its adapter in memory. */
export async function startOidcProviderServer(redirectUri: string): Promise<MatrixServer> {
  const clock = await createSandbox({ time: machineTime() });
  let answer: RequestListener = (_request, response) => response.end();
  const server = createServer((request, response) => answer(request, response));
  const issuer = `http://localhost:${await listenOnFreePort(server)}`;
  const provider = new Provider(issuer, configuration(redirectUri));
  const matrixServer = new OidcProviderServer({ server, provider, clock, redirectUri });
  const listener = provider.callback();
  answer = (request, response) => matrixServer.answer(request, response, listener);
  return matrixServer;
}

const PATHS = { token: "/token", resource: "/me" } as const;

interface Disturbance {
  readonly to: keyof typeof PATHS;
  /** null: the answer is lost instead. */
  readonly retryAfterSeconds: number | null;
}

class OidcProviderServer implements MatrixServer {
  readonly name = "oidc-provider";
  readonly sandbox: Sandbox;
  readonly setup: ClientSetup;
  readonly environment = { NODE_OPTIONS: `--require ${JSON.stringify(MOVED_DATE)}` };
  readonly #server: Server;
  readonly #provider: Provider;
  #person = 0;
  #next: Disturbance | undefined;
  #disturbed = 0;
  #refreshTokens: string[] = [];

  constructor(parts: { server: Server; provider: Provider; clock: Sandbox; redirectUri: string }) {
    this.#server = parts.server;
    this.#provider = parts.provider;
    this.sandbox = parts.clock;
    const { issuer } = parts.provider;
    const endpoints = {
      authorization: `${issuer}/auth`,
      token: `${issuer}${PATHS.token}`,
      revocation: `${issuer}/token/revocation`,
    };
    const { redirectUri } = parts;
    const scope = "openid email offline_access";
    this.setup = { issuer, endpoints, ...CLIENT, redirectUri, scope, resource: `${issuer}${PATHS.resource}` };
  }

  nextPerson(): void {
    this.#person += 1;
    this.#next = undefined;
    this.#disturbed = 0;
    this.#refreshTokens = [];
  }

  browser(): FormBrowser {
    return new FormBrowser();
  }

  async saysYes(browser: FormBrowser, page: FormPage): Promise<FormPage> {
    const login = { login: `person-${this.#person}`, password: "any" };
    return await browser.press(await browser.press(page, "Sign-in", login), "Continue");
  }

  async allowRedirectTo(redirectUri: string): Promise<void> {
    (await this.#client()).redirectUris.push(redirectUri);
  }

  loseNextAnswer(): void {
    this.#next = { to: "token", retryAfterSeconds: null };
  }

  limitNextRequest(to: "token" | "resource", retryAfterSeconds: number): void {
    this.#next = { to, retryAfterSeconds };
  }

  disturbed(): number {
    return this.#disturbed;
  }

  async setSecret(which: "right" | "another"): Promise<void> {
    (await this.#client()).clientSecret = which === "right" ? CLIENT.clientSecret : "another-secret";
  }

  async advance(by: string): Promise<void> {
    await this.sandbox.control.advance({ by });
  }

  movedByMs(): number {
    return this.sandbox.control.clock().offsetMs;
  }

  async grantLives(): Promise<boolean> {
    globalThis.moveDate(this.movedByMs());
    const found = await Promise.all(this.#refreshTokens.map((token) => this.#provider.RefreshToken.find(token)));
    return found.some((token) => token !== undefined && token.consumed === undefined);
  }

  /** Every answer with a refresh token but the one to the code. */
  refreshes(): number {
    return this.#refreshTokens.length - 1;
  }

  async close(): Promise<void> {
    await stopServer(this.#server);
    await this.sandbox.close();
    globalThis.moveDate(0);
  }

  /** One request, at the time of the clock, and undisturbed unless the test wants it otherwise. */
  answer(request: IncomingMessage, response: ServerResponse, listener: RequestListener): void {
    globalThis.moveDate(this.movedByMs());
    const disturbance = this.#take(request.url);
    if (disturbance !== undefined && disturbance.retryAfterSeconds !== null) {
      response.writeHead(429, { "retry-after": String(disturbance.retryAfterSeconds) }).end();
      return;
    }
    if (request.url === PATHS.token) this.#watch(response, disturbance !== undefined);
    listener(request, response);
  }

  #take(path: string | undefined): Disturbance | undefined {
    const next = this.#next;
    if (next === undefined || PATHS[next.to] !== path) return undefined;
    this.#next = undefined;
    this.#disturbed += 1;
    return next;
  }

  #watch(response: ServerResponse, isLost: boolean): void {
    const end = response.end.bind(response) as (chunk?: unknown) => ServerResponse;
    response.end = ((chunk?: unknown) => {
      const [, token] = /"refresh_token":"([^"]+)"/.exec(String(chunk ?? "")) ?? [];
      if (token !== undefined) this.#refreshTokens.push(token);
      return isLost ? response.destroy() : end(chunk);
    }) as typeof response.end;
  }

  /** As the server itself reads it at each request. */
  async #client(): Promise<{ redirectUris: string[]; clientSecret: string }> {
    const client = await this.#provider.Client.find(CLIENT.clientId);
    if (client === undefined) throw new Error("the client is gone");
    return client as unknown as { redirectUris: string[]; clientSecret: string };
  }
}

function configuration(redirectUri: string): Configuration {
  return {
    clients: [
      {
        client_id: CLIENT.clientId,
        client_secret: CLIENT.clientSecret,
        redirect_uris: [redirectUri],
        grant_types: ["authorization_code", "refresh_token"],
        response_types: ["code"],
        token_endpoint_auth_method: "client_secret_basic",
      },
    ],
    claims: { openid: ["sub"], email: ["email"] },
    findAccount: (_context, sub) => ({ accountId: sub, claims: () => ({ sub, email: `${sub}@demo.example` }) }),
    features: { devInteractions: { enabled: true }, revocation: { enabled: true } },
    pkce: { required: () => false },
    rotateRefreshToken: true,
    cookies: { keys: ["for cookies of a test"] },
    ttl: { AccessToken: 1800, IdToken: 300, RefreshToken: 60 * 86_400, Grant: 365 * 86_400, AuthorizationCode: 300 },
  };
}

/** The machine's clock; from now on `Date` in this process is the clock that the server lives by. */
function machineTime(): Time {
  createRequire(import.meta.url)(MOVED_DATE);
  return {
    wallMs: machineNowMs,
    monotonicMs: () => performance.now(),
    setTimer(delayMs, fire) {
      const timer = setTimeout(fire, Math.min(delayMs, 2 ** 31 - 1));
      return { cancel: () => clearTimeout(timer) };
    },
  };
}
