import { hash } from "node:crypto";
import { DEFAULT_LIMITS, EvergrantError, type GrantId, type LeaseOwner, Secret } from "@evergrant/core";
import {
  Activity,
  createKeeper,
  type Keeper,
  PROVIDERS,
  type ProviderApi,
  type Provider as ProviderData,
  type RunningKeeper,
  type Store,
  type Time,
} from "@evergrant/keeper/parts";
import type { Contender, ContenderProcess, ProcessPorts } from "./contender.ts";
import { type LivesName, type Mode, policyOf } from "./modes.ts";
import { CLIENT_ID, SCOPES } from "./provider.ts";

const APP = "app";
const OPERATOR = "operator";
const PUBLIC_URL = "https://evergrant.example";

/** Our keeper as a contender: the real core and service over the world's ports. */
export function keeperContender(world: {
  readonly mode: Mode;
  readonly lives: LivesName;
  readonly looking: Store;
}): Contender {
  const providers = new Map([["simulated", simulatedProvider(world.mode, world.lives)]]);
  return (ports) => new KeeperProcess(ports, { providers, looking: world.looking });
}

// How often nodes look for what others wrote is slower than in production: every few seconds would be most of a simulated week.
function stretched(time: Time, stretch: () => number): Pick<Time, "setTimer"> {
  return { setTimer: (delayMs, fire) => time.setTimer(delayMs * stretch(), fire) };
}

/** The provider's data as the keeper has it: Xero's, with the rules of the mode. */
export function simulatedProvider(mode: Mode, lives: LivesName): ProviderData {
  const xero = PROVIDERS.get("xero");
  if (xero === undefined) throw new Error("the catalogue has no xero");
  return { ...xero, id: "simulated", displayName: "Simulated", policy: policyOf(mode, lives) };
}

class KeeperProcess implements ContenderProcess {
  readonly #ports: ProcessPorts;
  readonly #looking: Store;
  readonly #running: RunningKeeper;

  constructor(
    ports: ProcessPorts,
    world: {
      readonly providers: ReadonlyMap<string, ProviderData>;
      readonly looking: Store;
    },
  ) {
    this.#ports = ports;
    this.#looking = world.looking;
    this.#running = keeperOver(ports, world.providers);
  }

  get #keeper(): Keeper {
    return this.#running.keeper;
  }

  start(): Promise<void> {
    return this.#running.start();
  }

  stop(): Promise<void> {
    return this.#running.stop();
  }

  async ask(connection: string) {
    const id = this.#keeper.connections.idOf(connection);
    if (id === undefined) throw new EvergrantError("connection_not_available");
    const token = await this.#keeper.tokens.accessToken(id);
    return { accessToken: token.accessToken.reveal(), expiresInMs: token.expiresInMs };
  }

  async setUp(secret: string): Promise<void> {
    await this.#keeper.apps.add({
      name: APP,
      provider: "simulated",
      clientId: CLIENT_ID,
      clientSecret: new Secret(secret),
      scopes: SCOPES,
      origins: null,
      by: OPERATOR,
    });
  }

  /** Through the same links, pages and callbacks as a person in a browser. */
  async connect(name: string, person: string): Promise<GrantId | null> {
    const { consents, connections, apps } = this.#keeper;
    const known = await this.#looking.connections.findByName(name);
    if (known === undefined)
      await connections.create({ name, app: APP, expectedTenant: `org-${person}`, by: OPERATOR });
    const link =
      known === undefined || known.grant === null
        ? await consents.createLink({ connection: name, accept: "ask", by: OPERATOR })
        : await consents.reconsentLink(name);
    const browser = new Secret(`browser of ${person}`);
    const { authorizeUrl } = await consents.begin(new Secret(link.url.split("/consent/")[1] ?? ""), browser);
    const url = new URL(authorizeUrl);
    const redirectUri = url.searchParams.get("redirect_uri") ?? "";
    const challenge = url.searchParams.get("code_challenge");
    const code = this.#ports.provider.consents(person, redirectUri, challenge);
    const [app] = await apps.list();
    if (app === undefined) return null;
    const params = new URLSearchParams({ code, state: url.searchParams.get("state") ?? "" });
    const consent = await consents.receive({ app: app.id, params, browser });
    const result = await consents.result(consent, browser);
    if (result.kind === "held") await consents.decide(consent, { accept: true, by: OPERATOR });
    else if (result.kind !== "accepted") return null;
    return (await this.#looking.connections.findByName(name))?.grant ?? null;
  }

  async addSecret(secret: string): Promise<void> {
    await this.#keeper.apps.addSecret(APP, new Secret(secret), OPERATOR);
  }

  async setDisabled(connection: string, disabled: boolean): Promise<void> {
    await this.#keeper.connections.setDisabled(connection, disabled, OPERATOR);
  }
}

/** The real service over a world's ports. */
export function keeperOver(ports: ProcessPorts, providers: ReadonlyMap<string, ProviderData>): RunningKeeper {
  const { store, journal, vault, tokenEndpoint, clock, chance, reached, node, report } = ports;
  return createKeeper(
    {
      store,
      journal,
      sealer: vault,
      tokenEndpoint,
      providerApi: providerApi(ports),
      // Nobody asks from outside of the process: no caller shows who it is by an assertion.
      assertions: { flawOf: async () => null, verify: async () => ({ kind: "not-signed" }) },
      providers,
      ...{ time: clock.time, clock },
      chance,
      limits: DEFAULT_LIMITS,
      reached,
      node,
      owner: `${node}.${ports.life}` as LeaseOwner,
      publicUrl: PUBLIC_URL,
      shared: ports.isShared
        ? {
            pace: stretched(clock.time, ports.paceStretch),
            onHint: () => () => undefined,
            onNewPrimary: (listener) => ports.onNewPrimary(listener),
          }
        : null,
      activity: new Activity(() => undefined),
      provenance: ports.provenance,
      report,
    },
    { operatorKeySha256: "0".repeat(64), createdAtMs: 0 },
    () => ({ refreshing: true, detail: null }),
  );
}

/** S256 of RFC 7636 §4.2, as the provider computes it from the verifier. */
export function challengeOf(verifier: Secret): string {
  return hash("sha256", verifier.reveal(), "base64url");
}

function providerApi(ports: ProcessPorts): ProviderApi {
  return {
    tenants: async (_provider, _endpoints, accessToken) =>
      ports.apiAnswers() ? ports.provider.tenants(accessToken) : { kind: "unreachable", reason: "ECONNREFUSED" },
    links: async () => ({ kind: "refused", status: 401, detail: "AuthorizationUnsuccessful" }),
    subject: async () => null,
    probe: async (_provider, _endpoints, accessToken) =>
      ports.provider.call(accessToken.reveal()) === "ok"
        ? { kind: "answered", status: 200, challenge: null, said: "" }
        : { kind: "answered", status: 401, challenge: null, said: "" },
    deleteConnection: async () => "failed",
    discover: async () => null,
  };
}
