import { type CallerId, EvergrantError, Secret } from "@evergrant/core";
import {
  type CallerAuthentication,
  type CallerSecret,
  SECRET_ALONE,
  type StoredCaller,
} from "../ports/caller-store.ts";
import type { ListPlace } from "../ports/list-place.ts";
import type { Records } from "../ports/records.ts";
import type { CallerCredential, CallerPrincipal, Callers, CallerView, NewCaller, PermissionName } from "./access.ts";
import { CallerDirectory } from "./caller-directory.ts";
import { CallerGate, SECRETS_AT_MOST } from "./caller-gate.ts";
import { authenticationWords, checkAuthentication } from "./caller-settings.ts";
import { CallerUses } from "./caller-uses.ts";
import type { ConnectionDirectory } from "./connection-directory.ts";
import { digest } from "./digest.ts";
import { newId, newSecretText } from "./new-id.ts";
import { type Page, type PageAsk, pageOf, placeByAge, rowsAfter } from "./pages.ts";
import { permissionsOf, permissionWords } from "./permissions.ts";
import type { ServiceContext } from "./service-context.ts";
import { UsedAssertions } from "./used-assertions.ts";

/** Callers as an operator sees and changes them, and the gate through which they come. */
export class CallerDesk implements Callers {
  readonly #context: ServiceContext;
  readonly #connections: ConnectionDirectory;
  readonly #directory: CallerDirectory;
  readonly #uses: CallerUses;
  readonly #gate: CallerGate;

  constructor(context: ServiceContext, connections: ConnectionDirectory) {
    this.#context = context;
    this.#connections = connections;
    this.#directory = new CallerDirectory(context);
    this.#uses = new CallerUses(context);
    const parts = { directory: this.#directory, uses: this.#uses, used: new UsedAssertions(context) };
    this.#gate = new CallerGate(context, parts);
  }

  load(): Promise<void> {
    return this.#directory.load();
  }

  stop(): Promise<void> {
    return this.#uses.stop();
  }

  authenticate(credential: CallerCredential, from: string | null): Promise<CallerPrincipal> {
    return this.#gate.authenticate(credential, from);
  }

  async add(request: NewCaller): Promise<{ caller: CallerView; clientSecret: Secret }> {
    const clientSecret = new Secret(newSecretText(this.#context.chance));
    const caller = await this.#create(request, [this.#newSecret(clientSecret, null)]);
    return { caller, clientSecret };
  }

  addSecretless(request: NewCaller): Promise<CallerView> {
    return this.#create(request, []);
  }

  async list(): Promise<readonly CallerView[]> {
    await this.#uses.look();
    return this.#directory.all().map((caller) => this.#view(caller));
  }

  async page(from: PageAsk): Promise<Page<CallerView>> {
    await this.#uses.look();
    const rows = async (after: ListPlace | null, limit: number) => rowsAfter(this.#directory.all(), after, limit);
    const { items, next } = await pageOf<StoredCaller>({ name: "callers", rows, placeOf: placeByAge }, from);
    return { items: items.map((caller) => this.#view(caller)), next };
  }

  async addSecret(
    id: CallerId,
    { expiresAtMs, by }: { readonly expiresAtMs: number | null; readonly by: string },
  ): Promise<{ clientSecret: Secret }> {
    const nowMs = this.#context.time.wallMs();
    if (expiresAtMs !== null && expiresAtMs <= nowMs)
      throw new EvergrantError("caller_authentication_invalid", { detail: "the secret would have expired already" });
    const clientSecret = new Secret(newSecretText(this.#context.chance));
    const added = this.#newSecret(clientSecret, expiresAtMs);
    const facts = { secret: added.id, expiresAtMs };
    await this.#change({ id, by, event: "caller-secret-added", facts }, (caller) => {
      const live = caller.secrets.filter((known) => known.expiresAtMs === null || known.expiresAtMs > nowMs);
      return { ...caller, secrets: [added, ...live].slice(0, SECRETS_AT_MOST) };
    });
    return { clientSecret };
  }

  async removeSecret(id: CallerId, secret: string, by: string): Promise<CallerView> {
    const event = { id, by, event: "caller-secret-removed", facts: { secret } };
    return await this.#change(event, (caller) => {
      const secrets = caller.secrets.filter((known) => known.id !== secret);
      if (secrets.length === caller.secrets.length) throw new EvergrantError("caller_secret_unknown");
      return { ...caller, secrets };
    });
  }

  async setAuthentication(id: CallerId, authentication: CallerAuthentication, by: string): Promise<CallerView> {
    await checkAuthentication(this.#context.assertions, authentication);
    const facts = authenticationWords(authentication);
    return await this.#change({ id, by, event: "caller-authentication-set", facts }, (caller) => ({
      ...caller,
      authentication,
    }));
  }

  async setPermissions(id: CallerId, permissions: readonly PermissionName[], by: string): Promise<CallerView> {
    const resolved = permissionsOf(this.#connections, permissions);
    const facts = { permissions: wordsOf(permissions) };
    return await this.#change({ id, by, event: "caller-permissions-set", facts }, (caller) => ({
      ...caller,
      permissions: resolved,
    }));
  }

  async setDisabled(id: CallerId, disabled: boolean, by: string): Promise<CallerView> {
    const disabledAtMs = disabled ? this.#context.time.wallMs() : null;
    const event = disabled ? "caller-disabled" : "caller-enabled";
    return await this.#change({ id, by, event, facts: {} }, (caller) => ({ ...caller, disabledAtMs }));
  }

  async #create(request: NewCaller, secrets: readonly CallerSecret[]): Promise<CallerView> {
    const { chance, store, time } = this.#context;
    const { name, by, permissions, authentication = SECRET_ALONE } = request;
    await checkAuthentication(this.#context.assertions, authentication);
    const caller: StoredCaller = {
      ...{ id: newId<CallerId>("cl", chance), name, secrets, authentication },
      permissions: permissionsOf(this.#connections, permissions),
      disabledAtMs: null,
      createdAtMs: time.wallMs(),
    };
    const facts = {
      permissions: wordsOf(permissions),
      secrets: secrets.length,
      ...authenticationWords(authentication),
    };
    const created = await store.callers.create(
      caller,
      this.#records({ id: caller.id, event: "caller-added", by, facts }),
    );
    if (created === "name-taken") throw new EvergrantError("name_taken");
    this.#directory.put(caller);
    return this.#view(caller);
  }

  async #change(what: CallerEvent, change: (caller: StoredCaller) => StoredCaller): Promise<CallerView> {
    const { store } = this.#context;
    const { id } = what;
    const found = await store.callers.change(id, (caller) => ({
      caller: change(caller),
      records: this.#records(what),
    }));
    const caller = found ? await store.callers.find(id) : undefined;
    if (caller === undefined) throw new EvergrantError("caller_unknown");
    this.#directory.put(caller);
    return this.#view(caller);
  }

  #newSecret(secret: Secret, expiresAtMs: number | null): CallerSecret {
    const { chance, time } = this.#context;
    return { id: newId<string>("sc", chance), sha256: digest(secret), createdAtMs: time.wallMs(), expiresAtMs };
  }

  #view(caller: StoredCaller): CallerView {
    const permissions = caller.permissions.flatMap((permission) => {
      const name = this.#connections.get(permission.connection)?.name;
      return name === undefined ? [] : [{ ...permission, connection: name }];
    });
    const lastUsedAtMs = (credential: string) => this.#uses.lastUsedAtMs(caller.id, credential);
    return {
      id: caller.id,
      name: caller.name,
      permissions,
      secrets: caller.secrets.map(({ id, createdAtMs, expiresAtMs }) => ({
        ...{ id, createdAtMs, expiresAtMs, lastUsedAtMs: lastUsedAtMs(id) },
      })),
      authentication: caller.authentication,
      keysLastUsedAtMs: lastUsedAtMs("keys"),
      workloadLastUsedAtMs: lastUsedAtMs("workload"),
      disabledAtMs: caller.disabledAtMs,
      createdAtMs: caller.createdAtMs,
    };
  }

  #records({ id, event, by, facts }: CallerEvent): Records {
    return {
      audit: [{ event, subject: { kind: "caller", id }, atMs: this.#context.time.wallMs(), by, facts }],
      notices: [],
    };
  }
}

interface CallerEvent {
  readonly id: CallerId;
  readonly event: string;
  readonly by: string;
  readonly facts: Readonly<Record<string, string | number | null>>;
}

const wordsOf = (permissions: readonly PermissionName[]): string => permissions.map(permissionWords).join(" ");
