import type { TenantLocator, TokenAnswer } from "@evergrant/contract";
import { EvergrantError } from "@evergrant/core";
import type { Command } from "commander";
import type { AdminClient } from "../admin-client.ts";
import { adminLists } from "../admin-lists.ts";
import { askForToken, findCredentials } from "../caller-token.ts";
import { ForeignRefusal, UsageError } from "../command-failure.ts";
import type { CommandWorld } from "../command-world.ts";
import { openSession } from "../session.ts";

interface Options {
  readonly clientId?: string;
  readonly tenant?: string;
  readonly method: string;
  readonly data?: string;
}

/** `evergrant call`: one request to the provider's API, with a caller's token. */
export function addCall(program: Command, world: CommandWorld): void {
  program
    .command("call <connection> <path>")
    .description("call the provider's API with a token got as a caller; prints the body")
    .option(
      "--client-id <id>",
      "the caller (default: the demo's); its secret comes from EVERGRANT_CLIENT_SECRET or standard input",
    )
    .option("--tenant <tenant>", "id or name of the organisation (default: the only one)")
    .option("--method <method>", "the HTTP method", "GET")
    .option("--data <json>", "a JSON body")
    .action(async (connection: string, path: string, options: Options, command: Command) => {
      const session = openSession(world, command);
      const api = await findApi(session.admin(), connection);
      const written = apiAddress(api.origin, path);
      const credentials = await findCredentials(session, options);
      const token = await askForToken(session.url, connection, credentials);
      const { address, headers } = nameTenant(api.locator, written, () => chooseTenant(token, options.tenant));
      const answer = await send(address, { options, token, tenant: headers });
      session.print({ json: { status: answer.status, body: asJson(answer.body) }, text: answer.body });
      if (answer.status >= 400)
        throw new ForeignRefusal("api_refused", answer.status, `The provider's API answered ${answer.status}.`);
    });
}

interface ProviderApi {
  readonly origin: string;
  readonly locator: TenantLocator;
}

// The node is asked, as it may know providers that this command does not.
async function findApi(admin: AdminClient, name: string): Promise<ProviderApi> {
  const connection = await admin.call("readConnection", { params: { name } });
  const apps = await adminLists.apps(admin);
  const { providers } = await admin.call("listProviders");
  const provider = providers.find(({ id }) => id === connection.provider);
  const home = connection.tenants.find(({ pinned }) => pinned !== undefined)?.pinned?.api;
  const origin = apps.find((app) => app.name === connection.app)?.origins?.api ?? home ?? provider?.apiOrigins[0];
  if (provider === undefined || origin === undefined)
    throw new EvergrantError("provider_unknown", {
      detail: `where the API of ${connection.provider} is, is not known`,
    });
  return { origin, locator: provider.tenantLocator };
}

/** The organisation as this API wants it named; where the path or the host names it, the address does already. */
export function nameTenant(
  locator: TenantLocator,
  address: URL,
  tenant: () => string,
): { readonly address: URL; readonly headers: Readonly<Record<string, string>> } {
  switch (locator.kind) {
    case "header":
      return { address, headers: { [locator.name]: tenant() } };
    case "query": {
      const named = new URL(address);
      if (!named.searchParams.has(locator.name)) named.searchParams.set(locator.name, tenant());
      return { address: named, headers: {} };
    }
    case "path":
    case "host":
    case "none":
      return { address, headers: {} };
  }
}

/** The address below the API's origin, and nowhere else: the token goes along. */
export function apiAddress(origin: string, path: string): URL {
  const address = path.startsWith("/") && URL.canParse(path, origin) ? new URL(path, origin) : null;
  if (address?.origin === new URL(origin).origin) return address;
  throw new UsageError(`The path begins with / and stays at ${origin}: ${path}`);
}

/** The organisation to call for: the one that was named, or the only one. */
export function chooseTenant({ tenants }: Pick<TokenAnswer, "tenants">, wanted: string | undefined): string {
  const [only, ...more] =
    wanted === undefined ? tenants : tenants.filter(({ id, name }) => id === wanted || name === wanted);
  if (only !== undefined && more.length === 0) return only.id;
  const known = tenants.map(({ id, name }) => `${name} (${id})`).join(", ") || "none";
  throw new UsageError(`Name one organisation with --tenant. Reached through this connection: ${known}.`);
}

const ANSWER_TIMEOUT_MS = 60_000;

async function send(
  address: URL,
  request: {
    readonly options: Options;
    readonly token: TokenAnswer;
    readonly tenant: Readonly<Record<string, string>>;
  },
): Promise<{ readonly status: number; readonly body: string }> {
  const { options, token, tenant } = request;
  const init: RequestInit = {
    method: options.method.toUpperCase(),
    // A redirect would take the token to an address that nobody named.
    redirect: "manual",
    headers: {
      authorization: `${token.token_type} ${token.access_token}`,
      accept: "application/json",
      ...tenant,
      ...(options.data === undefined ? {} : { "content-type": "application/json" }),
    },
    signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    ...(options.data === undefined ? {} : { body: options.data }),
  };
  if (options.data !== undefined && ["GET", "HEAD"].includes(init.method ?? ""))
    throw new UsageError("--data needs a --method that takes a body, such as POST.");
  try {
    const response = await fetch(address, init);
    return { status: response.status, body: await response.text() };
  } catch (error) {
    throw new EvergrantError("provider_unreachable", { detail: address.origin, cause: error });
  }
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
