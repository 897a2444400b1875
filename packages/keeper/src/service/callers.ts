import { type CallerId, type ConnectionId, EvergrantError, Secret } from "@evergrant/core";
import type { CallerSecret, Permission, Right, StoredCaller } from "../ports/caller-store.ts";
import type { Records } from "../ports/records.ts";
import type { ConnectionDirectory } from "./connection-directory.ts";
import { digest, sameDigest } from "./digest.ts";
import type { CallerPrincipal, Callers, CallerView, NewCaller, PermissionName } from "./keeper.ts";
import { newId, newSecretText } from "./new-id.ts";
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
      permissions: this.#permissions(request.permissions),
      disabledAtMs: null,
      createdAtMs: time.wallMs(),
    };
    const created = await store.callers.create(
      caller,
      this.#records(caller.id, "caller-added", request.by, request.permissions),
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
    await this.#change(id, by, "caller-secret-added", (caller) => ({
      ...caller,
      secrets: [added, ...caller.secrets].slice(0, SECRETS_AT_MOST),
    }));
    return { clientSecret };
  }

  async setPermissions(id: CallerId, permissions: readonly PermissionName[], by: string): Promise<CallerView> {
    const resolved = this.#permissions(permissions);
    return await this.#change(id, by, "caller-permissions-set", (caller) => ({ ...caller, permissions: resolved }));
  }

  async setDisabled(id: CallerId, disabled: boolean, by: string): Promise<CallerView> {
    const disabledAtMs = disabled ? this.#context.time.wallMs() : null;
    return await this.#change(id, by, disabled ? "caller-disabled" : "caller-enabled", (caller) => ({
      ...caller,
      disabledAtMs,
    }));
  }

  async #change(
    id: CallerId,
    by: string,
    event: string,
    change: (caller: StoredCaller) => StoredCaller,
  ): Promise<CallerView> {
    const { store } = this.#context;
    const found = await store.callers.change(id, (caller) => ({
      caller: change(caller),
      records: this.#records(id, event, by, []),
    }));
    const caller = found ? await store.callers.find(id) : undefined;
    if (caller === undefined) throw new EvergrantError("caller_unknown");
    this.#callers.set(id, caller);
    return this.#view(caller);
  }

  // Asked at each use, not remembered: a permission taken away counts from the next request on.
  #principal(id: CallerId, name: string): CallerPrincipal {
    const may = (right: Right, connection: ConnectionId) =>
      (this.#callers.get(id)?.permissions ?? []).some(
        (permission) => permission.right === right && permission.connection === connection,
      );
    return { id, name, may };
  }

  #permissions(names: readonly PermissionName[]): readonly Permission[] {
    return names.map(({ connection, right }) => {
      const id = this.#connections.idOf(connection);
      if (id === undefined) throw new EvergrantError("connection_unknown", { detail: connection });
      return { connection: id, right };
    });
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
    const permissions = caller.permissions.flatMap(({ connection, right }) => {
      const name = this.#connections.get(connection)?.name;
      return name === undefined ? [] : [{ connection: name, right }];
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

  #records(id: CallerId, event: string, by: string, permissions: readonly PermissionName[]): Records {
    const facts = { permissions: permissions.map(({ connection, right }) => `${right}:${connection}`).join(" ") };
    return {
      audit: [{ event, subject: { kind: "caller", id }, atMs: this.#context.time.wallMs(), by, facts }],
      notices: [],
    };
  }
}
