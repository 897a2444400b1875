import {
  type AppId,
  type CallerId,
  type ConnectionId,
  DEFAULT_LIMITS,
  EvergrantError,
  type NodeId,
  outageBudget,
  Secret,
  timing,
} from "@evergrant/core";
import {
  type AccessToken,
  type AccessTokenAsk,
  type Apps,
  type AppView,
  type Audit,
  type Backups,
  type CallerCredential,
  type Callers,
  type CallerView,
  type Connections,
  type ConnectionView,
  type IdempotentCreates,
  type Keeper,
  type KeeperHealth,
  type NewCaller,
  type PermissionName,
  type Quarantines,
  type QuarantineView,
  SECRET_ALONE,
  type Story,
} from "@evergrant/keeper";
import { FakeConsents } from "./fake-consents.ts";
import { FakeGateway } from "./fake-gateway.ts";
import { FakeImports } from "./fake-imports.ts";
import { FakeKeys } from "./fake-keys.ts";
import { FakeNotices } from "./fake-notices.ts";
import { FakeOperators, FakeSessions } from "./fake-operators.ts";
import { fakePage } from "./fake-pages.ts";

const START_MS = 1_780_000_000_000;
const PROMISES = promises();

/** A keeper that keeps everything in memory and asks no provider: names, rights, links and tokens behave, grants do not age. */
export class FakeKeeper implements Keeper {
  readonly operatorKey = "ok-fake-operator-key";
  readonly tokenRequests: {
    connection: ConnectionId;
    minTtlMs: number | undefined;
    refusedSha256: string | undefined;
  }[] = [];
  /** What callers showed, and from where. */
  readonly credentials: { readonly credential: CallerCredential; readonly from: string | null }[] = [];
  /** Every question whether a caller may do something, as it was asked. */
  readonly permissionQuestions: string[] = [];
  /** Thrown by whatever is asked next, until it is taken back. */
  fault: { readonly error: unknown } | null = null;
  answer: (connection: string) => AccessToken | EvergrantError = (connection) => tokenOf(connection);
  state: KeeperHealth = { serving: true, refreshing: true, detail: null };
  readonly appsByName = new Map<string, AppView>();
  readonly connectionsByName = new Map<string, ConnectionView>();
  readonly callersById = new Map<CallerId, { view: CallerView; secrets: string[] }>();
  readonly consents = new FakeConsents(this);
  readonly gateway = new FakeGateway((name) => this.connections.idOf(name));
  publicUrl = "http://localhost";
  #ids = 0;

  nowMs = (): number => START_MS;
  health = async (): Promise<KeeperHealth> => this.state;
  load = () => ({
    ...{
      attemptsInFlight: 2,
      answersOwed: 1,
      machineClockAheadMs: 7_000,
      storeClockBehindMs: 5_000,
      breakersOpen: 1,
      massRefusals: 0,
      apiCallsWaiting: 3,
    },
    apiCallsLeft: [{ app: "books", limit: "day", left: 17 }],
  });

  readonly operators = new FakeOperators(this.operatorKey);
  readonly sessions = new FakeSessions(this.operators);

  readonly #created = new Map<string, { readonly request: string; readonly answer: Secret }>();
  readonly creates: IdempotentCreates = {
    once: async ({ operator, key, request }, create) => {
      const known = this.#created.get(`${operator} ${key}`);
      if (known !== undefined && known.request !== request.reveal()) throw new EvergrantError("idempotency_key_reused");
      if (known !== undefined) return { answer: known.answer, repeated: true };
      const answer = await create();
      this.#created.set(`${operator} ${key}`, { request: request.reveal(), answer });
      return { answer, repeated: false };
    },
  };

  readonly tokens = {
    accessToken: async (connection: ConnectionId, ask: AccessTokenAsk = {}): Promise<AccessToken> => {
      this.step();
      this.tokenRequests.push({ connection, minTtlMs: ask.minTtlMs, refusedSha256: ask.refusedSha256 });
      const name = [...this.connectionsByName.values()].find((view) => view.id === connection)?.name ?? "";
      const answer = this.answer(name);
      if (answer instanceof EvergrantError) throw answer;
      return answer;
    },
    replacement: async () => null,
  };

  quarantined: QuarantineView = {
    ...{ state: "none", sinceMs: null, because: [], node: "nd_fake" as NodeId, deployment: "dp_fake" },
    ...{ incarnation: 1, released: null },
  };

  readonly quarantine: Quarantines = {
    view: async () => this.step(this.quarantined),
    release: async (as) => {
      this.step();
      if (this.quarantined.state !== "held") throw new EvergrantError("quarantine_not_begun");
      const released = { as, from: this.quarantined.incarnation, atMs: START_MS };
      this.quarantined = { ...this.quarantined, state: "merging", incarnation: 7, released };
      return this.quarantined;
    },
  };

  readonly notices = new FakeNotices();
  readonly keys = new FakeKeys(() => this.step());
  /** Null: the store cannot be copied. */
  backups: Backups | null = null;

  readonly audit: Audit = {
    page: async ({ cursor }) => {
      this.step();
      if (cursor !== null && cursor !== "b2xkZXI") throw new EvergrantError("input_invalid", { detail: "cursor" });
      const record = { ...{ atMs: START_MS, by: "operator", event: "caller-created" }, hash: "0".repeat(64) };
      const subject = { kind: "caller", id: "cl_1" } as const;
      const records = [{ ...record, node: "nd_fake" as NodeId, sequence: 1, subject, facts: { name: "reports" } }];
      return { records, next: cursor === null ? "b2xkZXI" : null };
    },
    verify: async () =>
      this.step({
        intact: true,
        chains: [{ node: "nd_fake" as NodeId, records: 1, head: "0".repeat(64), firstBroken: null }],
      }),
  };

  readonly imports = new FakeImports(() => this.step());
  /** Which connections were erased, and by whom. */
  readonly erasures: { readonly connections: readonly string[]; readonly by: string }[] = [];

  readonly apps: Apps = {
    add: async (app) => {
      this.step();
      if (this.appsByName.has(app.name)) throw new EvergrantError("name_taken");
      if (app.provider !== "ledgerly") throw new EvergrantError("provider_unknown");
      const id = this.nextId("ap") as AppId;
      const view: AppView = {
        ...{ id, name: app.name, provider: app.provider, clientId: app.clientId, origins: app.origins },
        scopes: app.scopes ?? ["offline_access", "books.read"],
        clientSecrets: app.clientSecret === null ? [] : [{ id: this.nextId("sc"), addedAtMs: START_MS }],
        redirectUri: `${this.publicUrl}/oauth/callback/${id}`,
        createdAtMs: START_MS,
      };
      // What a careless keeper might leave in its view: faces must not pass it on.
      const careless = { ...view, sealedSecret: app.clientSecret?.reveal() };
      this.appsByName.set(app.name, careless);
      return careless;
    },
    list: async () => this.step([...this.appsByName.values()]),
    page: async (from) => fakePage(await this.apps.list(), from),
    addSecret: async (name) => {
      const view = this.step(this.appsByName.get(name));
      if (view === undefined) throw new EvergrantError("app_unknown");
      const changed = {
        ...view,
        clientSecrets: [{ id: this.nextId("sc"), addedAtMs: START_MS }, ...view.clientSecrets],
      };
      this.appsByName.set(name, changed);
      return changed;
    },
    setScopes: async (name, scopes) => {
      const view = this.step(this.appsByName.get(name));
      if (view === undefined) throw new EvergrantError("app_unknown");
      const changed = { ...view, scopes };
      this.appsByName.set(name, changed);
      return changed;
    },
    providers: () => {
      const kind = "authorization_code" as const;
      const api = {
        apiOrigins: ["https://api.ledgerly.example"],
        tenantLocator: { kind: "header", name: "X-Company" } as const,
        examplePath: null,
      };
      const own = { id: "ledgerly", displayName: "Ledgerly", kind, ...api, unconfirmed: ["revocation"] };
      return this.step([{ ...own, ...PROMISES }]);
    },
  };

  readonly connections: Connections = {
    create: async (request) => {
      this.step();
      if (this.connectionsByName.has(request.name)) throw new EvergrantError("name_taken");
      const app = this.appsByName.get(request.app);
      if (app === undefined) throw new EvergrantError("app_unknown");
      const id = this.nextId("cn") as ConnectionId;
      return this.remember({
        ...EMPTY_CONNECTION,
        id,
        name: request.name,
        app: app.name,
        expectedTenant: request.expectedTenant,
      });
    },
    list: async () => this.step([...this.connectionsByName.values()]),
    page: async (from) => fakePage(await this.connections.list(), from),
    byName: async (name) => this.named(name),
    idOf: (name) => this.connectionsByName.get(name)?.id,
    setDisabled: async (name, disabled) =>
      this.remember({ ...this.named(name), status: disabled ? "disabled" : "connected" }),
    remove: async (name) => {
      const view = this.named(name);
      this.connectionsByName.delete(name);
      return { disconnected: view.tenants.map((tenant) => tenant.id), remaining: [], grantRevoked: true };
    },
    erase: async (name, { connections, by }) => {
      this.step();
      this.named(name);
      this.erasures.push({ connections, by });
      return { connections, revoked: true, journals: [], left: [] };
    },
    removal: async (name) => {
      const { tenants } = this.named(name);
      const dies = { tenants: tenants.map((tenant) => tenant.name), connections: [name], callers: [] };
      return {
        connection: name,
        disconnect: { ...dies, keptTenants: [], remaining: [], grantRevoked: true },
        revoke: { ...dies, waitingConsents: 0 },
      };
    },
    revoke: async (name, { connections }) => {
      this.remember({ ...this.named(name), status: "ended" });
      return { connections, confirmed: true };
    },
    setWarm: async (name, warm) => {
      if (warm?.kind === "cron" && warm.cron.split(" ").length !== 5) throw new EvergrantError("warm_hours_invalid");
      return this.remember({ ...this.named(name), warm: warm ?? { kind: "idle" } });
    },
    checkHealth: async (name) => this.named(name),
    story: async (name, limit) => {
      const connection = this.named(name);
      const event = { atMs: START_MS, event: "refreshed", by: "rule", facts: { generation: 3, because: "hot" } };
      const events = Array.from({ length: Math.min(limit, 50) }, () => event);
      return { connection, summary: "It works.", next: { what: "refresh", atMs: START_MS }, ...PROMISES, events };
    },
  };

  readonly callers: Callers = {
    add: async (request) => {
      const id = this.nextId("cl") as CallerId;
      const secret = `secret-of-${id}`;
      const secrets = [{ id: this.nextId("sc"), createdAtMs: START_MS, expiresAtMs: null, lastUsedAtMs: null }];
      return { caller: this.addCaller(request, { id, secrets }, [secret]), clientSecret: new Secret(secret) };
    },
    addSecretless: async (request) => this.addCaller(request, { id: this.nextId("cl") as CallerId, secrets: [] }, []),
    list: async () => this.step([...this.callersById.values()].map(({ view }) => view)),
    page: async (from) => fakePage(await this.callers.list(), from),
    addSecret: async (id) => {
      const caller = this.caller(id);
      const secret = `second-${this.nextId("sc")}`;
      caller.secrets.push(secret);
      return { clientSecret: new Secret(secret) };
    },
    removeSecret: async (id, secret) => {
      const { view } = this.caller(id);
      if (!view.secrets.some((known) => known.id === secret)) throw new EvergrantError("caller_secret_unknown");
      return this.changeCaller(id, { secrets: view.secrets.filter((known) => known.id !== secret) });
    },
    setAuthentication: async (id, authentication) => this.changeCaller(id, { authentication }),
    setPermissions: async (id, permissions) => this.changeCaller(id, { permissions }),
    setDisabled: async (id, disabled) => this.changeCaller(id, { disabledAtMs: disabled ? START_MS : null }),
    authenticate: async (credential, from) => {
      this.credentials.push({ credential, from });
      const shown = credential.kind === "secret" ? credential.secret : credential.assertion;
      const caller = this.callersById.get(credential.clientId as CallerId);
      if (caller === undefined || caller.view.disabledAtMs !== null || !caller.secrets.includes(shown.reveal()))
        throw new EvergrantError("caller_authentication_failed");
      return {
        id: caller.view.id,
        name: caller.view.name,
        may: (right, connection) => {
          this.permissionQuestions.push(right);
          const held = this.callersById.get(caller.view.id)?.view.permissions ?? [];
          return held.some((known) => known.right === right && this.connections.idOf(known.connection) === connection);
        },
        mayCall: () => true,
        reached: (_connection, tenants) => tenants,
      };
    },
  };

  /** Adds a caller with an id and a secret of one's choice. */
  plantCaller(id: string, secret: string, permissions: readonly PermissionName[]): void {
    const view = {
      id: id as CallerId,
      name: "planted",
      permissions,
      ...NO_CREDENTIALS,
      disabledAtMs: null,
      createdAtMs: START_MS,
    };
    this.callersById.set(view.id, { view, secrets: [secret] });
  }

  addCaller(
    { name, permissions, authentication = SECRET_ALONE }: NewCaller,
    own: Pick<CallerView, "id" | "secrets">,
    secrets: string[],
  ): CallerView {
    this.step();
    this.checkPermissions(permissions);
    const view = {
      ...NO_CREDENTIALS,
      name,
      permissions,
      authentication,
      disabledAtMs: null,
      createdAtMs: START_MS,
      ...own,
    };
    this.callersById.set(own.id, { view, secrets });
    return view;
  }

  /** What every question begins with: it throws the fault, if one is placed. */
  step<T = undefined>(value?: T): T {
    if (this.fault !== null) throw this.fault.error;
    return value as T;
  }

  named(name: string): ConnectionView {
    const view = this.step(this.connectionsByName.get(name));
    if (view === undefined) throw new EvergrantError("connection_unknown");
    return view;
  }

  remember(view: ConnectionView): ConnectionView {
    this.connectionsByName.set(view.name, view);
    return view;
  }

  nextId(prefix: string): string {
    this.#ids += 1;
    return `${prefix}_${this.#ids}`;
  }

  caller(id: CallerId): { view: CallerView; secrets: string[] } {
    const caller = this.step(this.callersById.get(id));
    if (caller === undefined) throw new EvergrantError("caller_unknown");
    return caller;
  }

  changeCaller(id: CallerId, change: Partial<CallerView>): CallerView {
    const caller = this.caller(id);
    caller.view = { ...caller.view, ...change };
    return caller.view;
  }

  checkPermissions(permissions: readonly PermissionName[]): void {
    for (const { connection } of permissions) this.named(connection);
  }
}

export function tokenOf(connection: string): AccessToken {
  return {
    accessToken: new Secret(`access-token-of-${connection}`),
    tokenType: "Bearer",
    expiresInMs: 1_234_567,
    scope: "offline_access books.read",
    tenants: [{ id: "t-1", name: "Demo Company (NZ)" }],
  };
}

const NO_CREDENTIALS = {
  secrets: [],
  authentication: SECRET_ALONE,
  keysLastUsedAtMs: null,
  workloadLastUsedAtMs: null,
} as const;

const EMPTY_CONNECTION = {
  provider: "ledgerly",
  kind: "authorization_code",
  status: "awaiting-consent",
  subject: null,
  tenants: [],
  sharedWith: [],
  alsoReached: [],
  scope: null,
  missingScopes: [],
  accessExpiresAtMs: null,
  renewedAtMs: null,
  lapsesAtMs: null,
  checkedAtMs: null,
  warm: { kind: "idle" },
  trouble: null,
  createdAtMs: START_MS,
} as const;

function promises(): Pick<Story, "cannotPromise" | "outages"> {
  const verdict = timing(
    {
      accessLifeMs: 1_800_000,
      idleLifeMs: "unknown",
      absoluteLifeMs: "unknown",
      rotation: { kind: "strict" },
      oldAccessToken: "unknown",
      earlyRefresh: "allowed",
      repeatsDocumented: false,
    },
    DEFAULT_LIMITS,
  );
  if (verdict.kind === "impossible") throw new Error(verdict.reasons.join(" "));
  return { cannotPromise: verdict.timing.cannotPromise, outages: outageBudget(verdict.timing) };
}
