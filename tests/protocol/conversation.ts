import { createHash } from "node:crypto";
import { FormBrowser, type FormPage } from "../kit/form-browser.ts";
import type { RegisteredClient, ServerUnderTest, Visited } from "./server-under-test.ts";

export interface TokenAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface Tokens {
  readonly access: string;
  readonly refresh: string;
  readonly id: string;
}

type Fields = Readonly<Record<string, string>>;

/** The scope of every consent of the suite. */
const SCOPE = "openid email offline_access";

/** A challenge as RFC 7636 §4.2 makes it. */
export const challengeOf = (verifier: string): Fields => ({
  code_challenge: createHash("sha256").update(verifier).digest("base64url"),
  code_challenge_method: "S256",
});

/** What a client of the server under test can say to it. */
export class Conversation {
  readonly server: ServerUnderTest;

  constructor(server: ServerUnderTest) {
    this.server = server;
  }

  /** An authorize address; a field set to "" is left out. */
  address(change: Fields = {}, client: RegisteredClient = this.server.clients.web): string {
    const fields = {
      client_id: client.id,
      redirect_uri: this.server.redirectUri,
      response_type: "code",
      scope: SCOPE,
      state: "state-of-the-client",
      // Without it a server may leave the refresh token out (OpenID Connect Core §11).
      prompt: "consent",
      ...change,
    };
    const given = Object.entries(fields).filter(([, value]) => value !== "");
    return `${this.server.endpoints.authorization}?${new URLSearchParams(given)}`;
  }

  visit(change: Fields = {}, decision: "allow" | "decline" = "allow"): Promise<Visited> {
    return this.server.visit(this.address(change), decision);
  }

  /** The page that a person sees first, unanswered. */
  firstPage(): Promise<FormPage> {
    return new FormBrowser().open(this.address());
  }

  /** A code that a person's yes gave. */
  async code(change: Fields = {}, client: RegisteredClient = this.server.clients.web): Promise<string> {
    const visited = await this.server.visit(this.address(change, client), "allow");
    const code = visited.kind === "callback" ? visited.params.get("code") : null;
    if (code === null || code === undefined)
      throw new Error(`no code: ${visited.kind === "page" ? visited.status : visited.params}`);
    return code;
  }

  redeem(code: string, change: Fields = {}, client: RegisteredClient = this.server.clients.web): Promise<TokenAnswer> {
    return this.token(
      { grant_type: "authorization_code", code, redirect_uri: this.server.redirectUri, ...change },
      client,
    );
  }

  refresh(token: string, client: RegisteredClient = this.server.clients.web): Promise<TokenAnswer> {
    return this.token({ grant_type: "refresh_token", refresh_token: token }, client);
  }

  /** A consent and its first tokens. */
  async tokens(): Promise<Tokens> {
    return tokensOf(await this.redeem(await this.code()));
  }

  /** A request to the token endpoint, with Basic, or with the id alone for a public client. */
  async token(form: Fields, client: RegisteredClient = this.server.clients.web): Promise<TokenAnswer> {
    return await this.post(this.server.endpoints.token, form, client);
  }

  revoke(token: string, client: RegisteredClient = this.server.clients.web, more: Fields = {}): Promise<TokenAnswer> {
    return this.post(this.server.endpoints.revocation, { token, ...more }, client);
  }

  async post(url: string, form: Fields, client: RegisteredClient): Promise<TokenAnswer> {
    return await this.send(
      url,
      new URLSearchParams(client.secret === null ? { ...form, client_id: client.id } : form),
      {
        ...(client.secret === null ? {} : { authorization: basic(client) }),
      },
    );
  }

  async send(url: string, body: URLSearchParams | string, headers: Fields = {}): Promise<TokenAnswer> {
    return await readAnswer(await fetch(url, { method: "POST", headers, body, redirect: "manual" }));
  }

  /** The status of userinfo for a bearer token. */
  async userinfo(bearer: string): Promise<number> {
    const answer = await fetch(this.server.endpoints.userinfo, { headers: { authorization: `Bearer ${bearer}` } });
    await answer.arrayBuffer();
    return answer.status;
  }
}

export const basic = ({ id, secret }: RegisteredClient): string =>
  `Basic ${Buffer.from(`${id}:${secret ?? ""}`).toString("base64")}`;

export function tokensOf({ status, body }: TokenAnswer): Tokens {
  if (status !== 200) throw new Error(`no tokens: ${status} ${JSON.stringify(body)}`);
  return { access: String(body.access_token), refresh: String(body.refresh_token), id: String(body.id_token) };
}

async function readAnswer(answer: Response): Promise<TokenAnswer> {
  const text = await answer.text();
  const body: unknown = text.startsWith("{") ? JSON.parse(text) : {};
  return { status: answer.status, headers: answer.headers, body: body as Record<string, unknown> };
}

/** An answer in a few words: the status, and the error or "tokens". */
export function told({ status, body }: TokenAnswer): string {
  if (typeof body.error === "string") return `${status} ${body.error}`;
  return typeof body.access_token === "string" ? `${status} tokens` : String(status);
}

/** Where a visit ended, in a few words. */
export function toldVisit(visited: Visited): string {
  if (visited.kind === "page") return "a page";
  return visited.params.get("error") ?? (visited.params.has("code") ? "a code" : "a callback without code");
}
