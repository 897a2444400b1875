import { type CallerId, type ConnectionId, covers, EvergrantError, includesTenant, Secret } from "@evergrant/core";
import type { CallerSecret, Right, StoredCaller } from "../ports/caller-store.ts";
import type { Records } from "../ports/records.ts";
import type { CallerPrincipal, PermissionName } from "./access.ts";
import type { ConnectionDirectory } from "./connection-directory.ts";
import { digest, sameDigest } from "./digest.ts";
import type { Callers, CallerView, NewCaller } from "./keeper.ts";
import { newId, newSecretText } from "./new-id.ts";
import { permissionsOf, permissionWords } from "./permissions.ts";
import type { ServiceContext } from "./service-context.ts";

const SECRETS_AT_MOST = 2;
const NOBODY = "0".repeat(64);

/** Callers in memory: who they are, and what they may, without a database on the way. */
export class CallerDesk implements Callers {
  readonly #context: ServiceContext;
  readonly #connections: ConnectionDirectory;
  readonly #callers = new Map<string, StoredCaller>();

  constructor(context: ServiceContext, connections: ConnectionDirectory) {
    this.#context = context;
    this.#connections = connections;
  }

  async load(): Promise<void> {
    const callers = await this.#context.store.callers.list();
    this.#callers.clear();
    for (const caller of callers) this.#callers.set(caller.id, caller);
  }

  authenticate(id: string, secret: Secret): CallerPrincipal | undefined {
    const caller = this.#callers.get(id);
    const nowMs = this.#context.time.wallMs();
    const presented = digest(secret);
    // Everything is compared also for unknown callers, so that the time of the answer tells nothing.
    const live = (caller?.secrets ?? []).filter((known) => known.expiresAtMs === null || known.expiresAtMs > nowMs);
    const fits = [...live.map((known) => known.sha256), NOBODY]
      .map((known) => sameDigest(known, presented))
      .includes(true);
    return caller !== undefined && fits && caller.disabledAtMs === null
      ? this.#principal(caller.id, caller.name)
      : undefined;
  }

  async add(request: NewCaller): Promise<{ caller: CallerView; clientSecret: Secret }> {
    const { chance, store, time } = this.#context;
    const clientSecret = new Secret(newSecretText(chance));
    const caller: StoredCaller = {
      id: newId<CallerId>("cl", chance),
      name: request.name,
      secrets: [this.#newSecret(clientSecret)],
      permissions: permissionsOf(this.#connections, request.permissions),
      disabledAtMs: null,
      createdAtMs: time.wallMs(),
    };
    const created = await store.callers.create(
      caller,
      this.#records({ id: caller.id, event: "caller-added", by: request.by, permissions: request.permissions }),
    );
    if (created === "name-taken") throw new EvergrantError("name_taken");
    this.#callers.set(caller.id, caller);
    return { caller: this.#view(caller), clientSecret };
  }

  async list(): Promise<readonly CallerView[]> {
    return [...this.#callers.values()].map((caller) => this.#view(caller));
  }

  async addSecret(id: CallerId, by: string): Promise<{ clientSecret: Secret }> {
    const clientSecret = new Secret(newSecretText(this.#context.chance));
    const added = this.#newSecret(clientSecret);
    await this.#change({ id, by, event: "caller-secret-added", permissions: [] }, (caller) => ({
      ...caller,
      secrets: [added, ...caller.secrets].slice(0, SECRETS_AT_MOST),
    }));
    return { clientSecret };
  }

  async setPermissions(id: CallerId, permissions: readonly PermissionName[], by: string): Promise<CallerView> {
    const resolved = permissionsOf(this.#connections, permissions);
    return await this.#change({ id, by, event: "caller-permissions-set", permissions }, (caller) => ({
      ...caller,
      permissions: resolved,
    }));
  }

  async setDisabled(id: CallerId, disabled: boolean, by: string): Promise<CallerView> {
    const disabledAtMs = disabled ? this.#context.time.wallMs() : null;
    const event = disabled ? "caller-disabled" : "caller-enabled";
    return await this.#change({ id, by, event, permissions: [] }, (caller) => ({ ...caller, disabledAtMs }));
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
    this.#callers.set(id, caller);
    return this.#view(caller);
  }

  // Asked at each use, not remembered: a permission taken away counts from the next request on, and so does a disabled caller.
  #principal(id: CallerId, name: string): CallerPrincipal {
    const held = (right: Right, connection: ConnectionId) => {
      const caller = this.#callers.get(id);
      if (caller === undefined || caller.disabledAtMs !== null) return [];
      return caller.permissions.filter((known) => known.right === right && known.connection === connection);
    };
    return {
      id,
      name,
      may: (right, connection) => held(right, connection).length > 0,
      mayCall: (connection, call) =>
        held("gateway", connection).some(({ only }) => only === undefined || covers(only, call)),
      reached: (connection, tenants) =>
        tenants.filter((tenant) =>
          held("gateway", connection).some(({ only }) => only?.tenants == null || includesTenant(only.tenants, tenant)),
        ),
    };
  }

  #newSecret(secret: Secret): CallerSecret {
    return {
      id: newId<string>("sc", this.#context.chance),
      sha256: digest(secret),
      createdAtMs: this.#context.time.wallMs(),
      expiresAtMs: null,
    };
  }

  #view(caller: StoredCaller): CallerView {
    const permissions = caller.permissions.flatMap((permission) => {
      const name = this.#connections.get(permission.connection)?.name;
      return name === undefined ? [] : [{ ...permission, connection: name }];
    });
    const secrets = caller.secrets.map(({ id, createdAtMs, expiresAtMs }) => ({ id, createdAtMs, expiresAtMs }));
    return {
      id: caller.id,
      name: caller.name,
      permissions,
      secrets,
      disabledAtMs: caller.disabledAtMs,
      createdAtMs: caller.createdAtMs,
    };
  }

  #records({ id, event, by, permissions }: CallerEvent): Records {
    const facts = { permissions: permissions.map(permissionWords).join(" ") };
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
  /** Those that it gives, where it gives any. */
  readonly permissions: readonly PermissionName[];
}
