import { createSandbox, DEMO_PASSWORD, type LedPrograms, leadPrograms, type Sandbox } from "@evergrant/sandbox";
import { FormBrowser, type FormPage } from "../kit/form-browser.ts";
import type { ClientSetup, MatrixServer } from "./matrix-server.ts";
import { xeroNamedFetch } from "./xero-named-fetch.ts";

const SCOPE = "openid email offline_access accounting.settings";

/** The sandbox in one of its dialects, under its own address and, for the processes of clients, under Xero's. */
export async function startSandboxServer(dialect: "xero" | "strict", redirectUri: string): Promise<SandboxServer> {
  const sandbox = await createSandbox({ dialect, seed: 11 });
  const led = await leadPrograms({ url: sandbox.urls.control, env: { NODE_OPTIONS: "" }, faketime: null });
  return new SandboxServer(sandbox, led, { dialect, redirectUri });
}

export class SandboxServer implements MatrixServer {
  readonly name;
  readonly sandbox: Sandbox;
  readonly setup: ClientSetup;
  readonly environment;
  readonly #led: LedPrograms;
  #client: { readonly clientId: string; readonly clientSecret: string };
  #person = { number: 0, email: "", userId: "", organisation: "", organisationId: "" };

  constructor(sandbox: Sandbox, led: LedPrograms, facts: { dialect: "xero" | "strict"; redirectUri: string }) {
    this.name = `sandbox/${facts.dialect}` as const;
    this.sandbox = sandbox;
    this.setup = this.#register(facts.redirectUri);
    this.#client = this.setup;
    this.#led = led;
    this.environment = led.env;
  }

  get person() {
    return this.#person;
  }

  nextPerson(): void {
    const { control } = this.sandbox;
    const number = this.#person.number + 1;
    const [email, organisation] = [`person-${number}@demo.example`, `Books ${number}`];
    const userId = control.createUser({ email, givenName: "Person", familyName: String(number) }).id;
    const { id } = control.createOrganisation({ name: organisation, countryCode: "NZ", baseCurrency: "NZD" });
    control.setMembership({ userId, organisationId: id, role: "Adviser" });
    control.clearFaults();
    control.clearRequests();
    this.#person = { number, email, userId, organisation, organisationId: id };
    this.#client = this.setup;
  }

  /** From now on faults and secrets are those of this client, not of the one in `setup`. */
  actsFor(client: { readonly clientId: string; readonly clientSecret: string }): void {
    this.#client = client;
  }

  /** Xero's addresses lead here, as in the processes of clients. */
  browser(): FormBrowser {
    return new FormBrowser(xeroNamedFetch(this.sandbox.port));
  }

  async saysYes(browser: FormBrowser, page: FormPage): Promise<FormPage> {
    const { email, organisation } = this.#person;
    const loggedIn = page.text().includes("Log in to Xero")
      ? await browser.press(page, "Log in", { email, password: DEMO_PASSWORD })
      : page;
    if (loggedIn.text().includes("Continue with")) return await browser.press(loggedIn, "Continue with");
    const { name, value } = loggedIn.choice(organisation);
    return await browser.press(loggedIn, "Allow access", { [name]: value });
  }

  async allowRedirectTo(redirectUri: string): Promise<void> {
    const redirectUris = [this.setup.redirectUri, redirectUri];
    this.sandbox.control.changeApp(this.setup.clientId, { redirectUris });
  }

  loseNextAnswer(): void {
    const action = { kind: "drop" } as const;
    const { clientId } = this.#client;
    this.sandbox.control.placeFault({ endpoint: "token", clientId, point: "after-commit-before-headers", action });
  }

  limitNextRequest(to: "token" | "resource", retryAfterSeconds: number): void {
    const action = { kind: "status", status: 429, retryAfterSeconds } as const;
    const { clientId } = this.#client;
    const place = to === "token" ? ({ endpoint: "token", clientId } as const) : ({ endpoint: "connections" } as const);
    this.sandbox.control.placeFault({ ...place, point: "before-commit", action });
  }

  disturbed(): number {
    return this.sandbox.control.requests().filter(({ fault }) => fault !== null).length;
  }

  async setSecret(which: "right" | "another"): Promise<void> {
    const { clientId, clientSecret } = this.#client;
    const given = which === "right" ? { clientSecret } : {};
    this.sandbox.control.addAppSecret(clientId, { ...given, replace: true });
  }

  async advance(by: string): Promise<void> {
    await this.sandbox.control.advance({ by });
  }

  movedByMs(): number {
    return this.sandbox.control.clock().offsetMs;
  }

  async grantLives(): Promise<boolean> {
    const { control } = this.sandbox;
    const tokens = control
      .grants()
      .filter(({ userId }) => userId === this.#person.userId)
      .flatMap(({ id }) => control.grant(id).refreshTokens);
    return tokens.some(({ hash }) => control.tokenAccepted({ refreshTokenHash: hash }).accepted);
  }

  refreshes(): number {
    const refreshed = this.sandbox.control.requests().filter(({ grantType }) => grantType === "refresh_token");
    return new Set(refreshed.filter(({ committed }) => committed).map(({ token }) => token?.hashPrefix)).size;
  }

  async close(): Promise<void> {
    await this.#led.close();
    await this.sandbox.close();
  }

  #register(redirectUri: string): ClientSetup {
    const { control, urls } = this.sandbox;
    const redirectUris = [redirectUri];
    const app = control.createApp({ name: "Matrix", kind: "web", redirectUris, tier: "enterprise", certified: true });
    return {
      issuer: urls.identity,
      endpoints: {
        authorization: `${urls.login}/identity/connect/authorize`,
        token: `${urls.identity}/connect/token`,
        revocation: `${urls.identity}/connect/revocation`,
      },
      clientId: app.clientId,
      clientSecret: app.clientSecret ?? "",
      redirectUri,
      scope: SCOPE,
      resource: `${urls.api}/connections`,
    };
  }
}
