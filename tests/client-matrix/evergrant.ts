import { rmSync } from "node:fs";
import type { AddedCaller, App, RemovedConnection } from "@evergrant/contract";
import { type TokenBody, World } from "../kit/world.ts";
import type { ClientDriver, Told } from "./client-driver.ts";
import type { MatrixServer } from "./matrix-server.ts";

const TRIES = 6;

/** A real Evergrant process that follows the server's clock, one connection after the other, and a caller of it. */
export async function startEvergrant(server: MatrixServer): Promise<ClientDriver> {
  const world = new World(server.sandbox, "default");
  try {
    await world.start();
    return new Evergrant(world, server, await setUp(world, server));
  } catch (error) {
    await endWorld(world);
    throw error;
  }
}

async function setUp({ admin }: World, server: MatrixServer): Promise<AddedCaller> {
  const { issuer, resource, clientId, clientSecret } = server.setup;
  // Of a server that is not Xero it assumes the worst that the standards allow.
  const provider = server.name === "sandbox/xero" ? "xero" : "generic";
  const origins = { identity: issuer, login: issuer, api: new URL(resource).origin };
  const app = await admin.post<App>("/apps", { name: "app", provider, clientId, clientSecret, origins });
  await server.allowRedirectTo(app.redirectUri);
  return await admin.post<AddedCaller>("/callers", { name: "night-job" });
}

// Its sandbox is the server's to close.
async function endWorld(world: World): Promise<void> {
  await world.kill();
  rmSync(world.folder, { recursive: true, force: true });
}

class Evergrant implements ClientDriver {
  readonly #world: World;
  readonly #server: MatrixServer;
  readonly #caller: AddedCaller;
  #connection = "";
  #count = 0;
  #accessToken = "";

  constructor(world: World, server: MatrixServer, caller: AddedCaller) {
    this.#world = world;
    this.#server = server;
    this.#caller = caller;
  }

  async begin(): Promise<void> {
    const { admin } = this.#world;
    const connections = await admin.get<{ connections: readonly { name: string }[] }>("/connections");
    for (const { name } of connections.connections) await admin.remove(`/connections/${name}`);
    this.#count += 1;
    this.#connection = `job-${this.#count}`;
    await admin.post("/connections", { name: this.#connection, app: "app" });
    const permissions = [{ connection: this.#connection, right: "token" }];
    await admin.put(`/callers/${this.#caller.clientId}/permissions`, { permissions });
  }

  async consent(): Promise<Told> {
    const { url } = await this.#world.link(this.#connection);
    const browser = this.#server.browser();
    const landing = await browser.open(url);
    const button = landing.forms()[0]?.buttons[0]?.text ?? "";
    await this.#server.saysYes(browser, await browser.press(landing, button));
    return await this.#ask();
  }

  /** Nobody tells it to: half an hour goes by. The caller keeps to `Retry-After`, some times. */
  async renew(): Promise<Told> {
    await this.#server.advance("31m");
    let told = await this.#ask();
    for (let tries = 1; tries < TRIES && told.kind === "refused" && told.retryAfter !== null; tries += 1) {
      await this.#server.advance(`${told.retryAfter}s`);
      told = await this.#ask();
    }
    return told;
  }

  /** Callers that come after a quiet time, all at once: there is no token left in memory. */
  async renewAtOnce(times: number): Promise<number> {
    await this.#server.advance("3h");
    const answers = await Promise.all(Array.from({ length: times }, () => this.#ask()));
    return answers.filter(({ kind }) => kind === "done").length;
  }

  /** The caller does, with the token it was given. */
  async call(): Promise<Told> {
    const authorization = `Bearer ${this.#accessToken}`;
    const answer = await fetch(this.#server.setup.resource, { headers: { authorization } });
    return answer.ok ? { kind: "done" } : refused(answer, await answer.text());
  }

  async revoke(): Promise<Told> {
    const removed = await this.#world.admin.remove<RemovedConnection>(`/connections/${this.#connection}`);
    if (!removed.grantRevoked) throw new Error("the grant was not revoked with its last connection");
    return { kind: "done" };
  }

  async endRun(): Promise<void> {}

  close(): Promise<void> {
    return endWorld(this.#world);
  }

  async #ask(): Promise<Told> {
    const { clientId, clientSecret } = this.#caller;
    const answer = await fetch(`${this.#world.url}/connections/${this.#connection}/oauth2/token`, {
      method: "POST",
      headers: { authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString("base64")}` },
      body: new URLSearchParams({ grant_type: "client_credentials" }),
    });
    const text = await answer.text();
    const body: TokenBody = JSON.parse(text);
    if (answer.ok && body.access_token !== undefined) {
      this.#accessToken = body.access_token;
      return { kind: "done" };
    }
    // Its own word for `invalid_client` from the provider: to its caller that would mean the caller's secret.
    const code = body.code === "app_refused" ? "invalid_client" : (body.code ?? null);
    return { ...refused(answer, text), code };
  }
}

function refused(answer: Response, message: string): Extract<Told, { kind: "refused" }> {
  const retryAfter = answer.headers.get("retry-after");
  return { kind: "refused", code: null, status: answer.status, retryAfter, message };
}
