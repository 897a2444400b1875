import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createCertificates, createSandbox, DEMO_PASSWORD, type Sandbox } from "@evergrant/sandbox";
import { FormBrowser, type FormPage } from "../kit/form-browser.ts";
import type { ClientSetup, MatrixServer } from "./matrix-server.ts";
import { xeroNamedFetch } from "./xero-named-fetch.ts";

const SCOPE = "openid email offline_access accounting.settings";

/** The sandbox in one of its dialects, under its own address and, by TLS, under Xero's. */
export async function startSandboxServer(dialect: "xero" | "strict", redirectUri: string): Promise<SandboxServer> {
  const certificates = createCertificates();
  const sandbox = await createSandbox({ dialect, seed: 11, tls: { key: certificates.key, cert: certificates.cert } });
  return new SandboxServer(sandbox, { dialect, redirectUri, ca: certificates.ca });
}

export class SandboxServer implements MatrixServer {
  readonly name;
  readonly sandbox: Sandbox;
  readonly setup: ClientSetup;
  readonly environment;
  readonly #folder = mkdtempSync(join(tmpdir(), "evergrant-matrix-"));
  #client: { readonly clientId: string; readonly clientSecret: string };
  #person = { number: 0, email: "", userId: "", organisation: "", organisationId: "" };

  constructor(sandbox: Sandbox, facts: { dialect: "xero" | "strict"; redirectUri: string; ca: string }) {
    this.name = `sandbox/${facts.dialect}` as const;
    this.sandbox = sandbox;
    this.setup = this.#register(facts.redirectUri);
    this.#client = this.setup;
    writeFileSync(join(this.#folder, "ca.pem"), facts.ca);
    this.environment = {
      NODE_EXTRA_CA_CERTS: join(this.#folder, "ca.pem"),
      EVERGRANT_SANDBOX_TLS_PORT: String(sandbox.tlsPort),
    };
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

  /** Xero's addresses lead here, as in the clients' own processes. */
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
    await this.sandbox.close();
    rmSync(this.#folder, { recursive: true, force: true });
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
