import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AddedCaller, App, Connection, ConsentLink, HeldConsent, Story } from "@evergrant/contract";
import type { Provider } from "@evergrant/keeper";
import { createSandbox, type Sandbox, type SandboxOptions } from "@evergrant/sandbox";
import { Admin } from "./admin.ts";
import { FormBrowser, type FormPage } from "./form-browser.ts";
import { type KillPoint, type MailAddress, type NodeConfiguration, NodeProcess } from "./node-process.ts";
import { SWITCHES } from "./scaled-policy.ts";

export interface WorldOptions {
  readonly policy?: NodeConfiguration["policy"];
  readonly dialect?: "xero" | "strict";
  readonly switches?: SandboxOptions["switches"];
  /** A provider besides the catalogue's, which the app is registered at. */
  readonly ownProvider?: Provider;
  /** The mail server of the sandbox. */
  readonly smtp?: string;
  /** The mail server by which Evergrant tells people. */
  readonly mail?: string;
}

export const DEMO_COMPANY = "Demo Company (NZ)";
export const MAPLE = "Maple Florists (AU)";
const PASSWORD = "sandbox";

/** A sandbox, a folder, and a real Evergrant process that follows the sandbox's clock. */
export async function aWorld(options: WorldOptions = {}): Promise<World> {
  const policy = options.policy ?? "default";
  const scaled = policy === "default" ? {} : SWITCHES[policy];
  const sandbox = await createSandbox({
    seed: 7,
    dialect: options.dialect ?? "xero",
    switches: { ...scaled, ...options.switches },
    ...(options.smtp === undefined ? {} : { smtp: options.smtp }),
  });
  const world = new World(sandbox, policy, null, options.ownProvider ?? null);
  world.mail = options.mail === undefined ? null : { url: options.mail };
  return world;
}

export class World implements AsyncDisposable {
  readonly sandbox: Sandbox;
  readonly folder = mkdtempSync(join(tmpdir(), "evergrant-world-"));
  /** The mail server by which nodes tell people, from their next start on. */
  mail: MailAddress | null = null;
  readonly #policy: NodeConfiguration["policy"];
  readonly #shared: NodeConfiguration["shared"];
  readonly #ownProvider: Provider | null;
  #node: NodeProcess | undefined;
  #port = 0;
  #caller: AddedCaller | undefined;

  constructor(
    sandbox: Sandbox,
    policy: NodeConfiguration["policy"],
    shared: NodeConfiguration["shared"] = null,
    ownProvider: Provider | null = null,
  ) {
    this.#ownProvider = ownProvider;
    this.sandbox = sandbox;
    this.#policy = policy;
    this.#shared = shared;
  }

  get node(): NodeProcess {
    if (this.#node === undefined) throw new Error("Evergrant is not running");
    return this.#node;
  }

  get url(): string {
    return `http://localhost:${this.#port}`;
  }

  get admin(): Admin {
    return new Admin(this.url, this.folder);
  }

  get caller(): AddedCaller {
    if (this.#caller === undefined) throw new Error("no caller yet");
    return this.#caller;
  }

  /** Starts (again) in the same folder and on the same port, to die at a point if the test says so. */
  async start(kill?: KillPoint, launcher?: readonly string[]): Promise<void> {
    const configuration = {
      folder: this.folder,
      port: this.#port,
      // A Postgres has a clock of its own, which nobody can move: there, lives are short instead.
      followClock: this.#shared === null ? this.sandbox.urls.control : null,
      policy: this.#policy,
      shared: this.#shared,
      smtp: this.mail,
      ...(this.#ownProvider === null
        ? {}
        : { ownProviders: [{ name: "own.json", text: JSON.stringify(this.#ownProvider) }] }),
    };
    this.#node = await NodeProcess.start(configuration, kill, launcher);
    this.#port = Number(new URL(this.#node.url).port);
  }

  async stop(): Promise<void> {
    await this.#node?.stop();
    this.#node = undefined;
  }

  async kill(): Promise<void> {
    await this.#node?.kill();
    this.#node = undefined;
  }

  /** Our app at the sandbox, a connection, and a caller that may use it. */
  async setUp(more: { expectedTenant?: string; identity?: string; api?: string } = {}): Promise<ConsentLink> {
    const client = this.sandbox.control.createApp({
      kind: "web",
      name: "Night job",
      redirectUris: ["http://localhost/unused"],
      tier: "advanced",
      certified: true,
    });
    const { identity, login, api } = this.sandbox.urls;
    const app = await this.admin.post<App>("/apps", {
      name: "xero-app",
      provider: this.#ownProvider?.id ?? "xero",
      clientId: client.clientId,
      clientSecret: client.clientSecret,
      origins: { identity: more.identity ?? identity, login, api: more.api ?? api },
    });
    this.sandbox.control.changeApp(client.clientId, { redirectUris: [app.redirectUri] });
    await this.connection("acme", more);
    this.#caller = await this.admin.post<AddedCaller>("/callers", {
      name: "night-job",
      permissions: [
        { connection: "acme", right: "token" },
        { connection: "acme", right: "consent" },
      ],
    });
    return await this.link("acme");
  }

  async connection(name: string, more: { expectedTenant?: string } = {}): Promise<Connection> {
    return await this.admin.post<Connection>("/connections", {
      name,
      app: "xero-app",
      expectedTenant: more.expectedTenant ?? null,
    });
  }

  async link(name: string, accept: "ask" | "any-tenant" = "any-tenant"): Promise<ConsentLink> {
    return await this.admin.post<ConsentLink>(`/connections/${name}/consent-links`, { accept });
  }

  /** A Custom Connection at the sandbox and here, which our caller may use; its client id. */
  async customConnection(name: string, more: { authorised?: boolean; clientSecret?: string } = {}): Promise<string> {
    const { control } = this.sandbox;
    const jane = control.users().find(({ email }) => email === "jane@demo.example");
    const created = control.createCustomConnection({ name, userId: jane?.id ?? "", scopes: ["accounting.settings"] });
    const { clientId } = created;
    if (more.authorised !== false)
      control.authoriseCustomConnection(clientId, { organisationId: this.organisationId(DEMO_COMPANY) });
    await this.addCustomConnection(name, { clientId, clientSecret: more.clientSecret ?? created.clientSecret ?? "" });
    return clientId;
  }

  /** A Custom Connection that the sandbox has, made known here, which our caller may use. */
  async addCustomConnection(name: string, client: { clientId: string; clientSecret: string }): Promise<void> {
    const { identity, login, api } = this.sandbox.urls;
    const origins = { identity, login, api };
    const app = { name: `${name}-app`, provider: "xero-custom-connection", ...client, origins };
    await this.admin.post<App>("/apps", app);
    await this.admin.post("/connections", { name, app: app.name });
    await this.admin.put(`/callers/${this.caller.clientId}/permissions`, {
      permissions: [{ connection: name, right: "token" }],
    });
  }

  /** A person of this name at the sandbox, with an organisation of their own. */
  aPerson(name: string): { readonly email: string; readonly organisation: string } {
    const { control } = this.sandbox;
    const email = `${name}@demo.example`;
    const organisation = `Books of ${name}`;
    const user = control.createUser({ email, givenName: name, familyName: "Owner" });
    const { id } = control.createOrganisation({ name: organisation, countryCode: "NZ", baseCurrency: "NZD" });
    control.setMembership({ userId: user.id, organisationId: id, role: "Adviser" });
    return { email, organisation };
  }

  /** What our caller may get tokens of, instead of what it might before. */
  async permit(connections: readonly string[]): Promise<void> {
    const permissions = connections.map((connection) => ({ connection, right: "token" }));
    await this.admin.put(`/callers/${this.caller.clientId}/permissions`, { permissions });
  }

  organisationId(name: string): string {
    return this.sandbox.control.organisations().find((organisation) => organisation.name === name)?.id ?? "";
  }

  /** Everything up to a connected `acme`: process, set-up, and a person's consent. */
  async connected(): Promise<void> {
    await this.start();
    const { url } = await this.setUp();
    const page = await this.consents(url, "jane@demo.example", DEMO_COMPANY);
    if (!page.text().includes(DEMO_COMPANY)) throw new Error(`not connected: ${page.text()}\n${this.node.output()}`);
  }

  /** A person opens a consent link, logs in and chooses an organisation; the page it ends on. */
  async consents(link: string, email: string, organisation: string, browser = new FormBrowser()): Promise<FormPage> {
    const landing = await browser.open(link);
    const [form] = landing.forms();
    const button = form?.buttons[0]?.text;
    if (button === undefined) return landing;
    const login = await browser.press(landing, button);
    const consent = login.text().includes("Log in to Xero")
      ? await browser.press(login, "Log in", { email, password: PASSWORD })
      : login;
    if (!consent.html.includes("/identity/connect/consent")) return consent;
    if (consent.text().includes("Continue with")) return await browser.press(consent, "Continue with");
    const { name, value } = consent.choice(organisation);
    return await browser.press(consent, "Allow access", { [name]: value });
  }

  /** A plain client-credentials request, as any OAuth library sends it. */
  async askToken(
    connection = "acme",
    more: Readonly<Record<string, string>> = {},
  ): Promise<{ status: number; body: TokenBody; retryAfter: string | null }> {
    const { clientId, clientSecret } = this.caller;
    const response = await fetch(`${this.url}/connections/${connection}/oauth2/token`, {
      method: "POST",
      headers: { authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString("base64")}` },
      body: new URLSearchParams({ grant_type: "client_credentials", ...more }),
    });
    return {
      status: response.status,
      body: (await response.json()) as TokenBody,
      retryAfter: response.headers.get("retry-after"),
    };
  }

  /** A token, or an error that shows what came instead. */
  async token(connection = "acme"): Promise<TokenBody> {
    const { status, body } = await this.askToken(connection);
    if (status !== 200) throw new Error(`no token: ${status} ${JSON.stringify(body)}\n${this.#node?.output() ?? ""}`);
    return body;
  }

  /** Calls the provider's API with a token as a caller would. */
  async organisation(token: TokenBody): Promise<{ status: number; name: string | undefined }> {
    const response = await fetch(`${this.sandbox.urls.api}/api.xro/2.0/Organisation`, {
      headers: {
        authorization: `Bearer ${token.access_token}`,
        "xero-tenant-id": token.tenants?.[0]?.id ?? "",
        accept: "application/json",
      },
    });
    const body = (await response.json().catch(() => ({}))) as { Organisations?: { Name: string }[] };
    return { status: response.status, name: body.Organisations?.[0]?.Name };
  }

  async story(connection = "acme"): Promise<Story> {
    return await this.admin.get<Story>(`/connections/${connection}/story?limit=100`);
  }

  async status(connection = "acme"): Promise<Connection> {
    return await this.admin.get<Connection>(`/connections/${connection}`);
  }

  async held(): Promise<readonly HeldConsent[]> {
    return (await this.admin.get<{ consents: readonly HeldConsent[] }>("/consents?held=true")).consents;
  }

  async advance(by: string): Promise<void> {
    await this.sandbox.control.advance({ by });
  }

  /** Refresh requests that the sandbox saw, as its own journal tells them. */
  refreshes() {
    return this.sandbox.control
      .requests()
      .filter((request) => request.endpoint === "token" && request.grantType === "refresh_token");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await this.sandbox.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export interface TokenBody {
  readonly access_token?: string;
  readonly expires_in?: number;
  readonly tenants?: readonly { readonly id: string; readonly name: string }[];
  readonly error?: string;
  readonly code?: string;
  readonly consent_url?: string;
}
