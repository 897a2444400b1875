import { EvergrantError, type GrantId, Secret } from "@evergrant/core";
import type { Contender, ContenderProcess, ProcessPorts, ServedToken } from "../world/contender.ts";
import { endingKind, refreshTokenIn } from "../world/ending-kind.ts";
import { challengeOf } from "../world/keeper-process.ts";
import { CLIENT_ID } from "../world/provider.ts";

const TOKEN_URL = "https://identity.example/token";
const REDIRECT_URI = "https://peer.example/callback";
const REQUEST_TIMEOUT_MS = 30_000;
/** Longer than a request may take, so that a slow one is not overtaken. */
const LOCK_MS = 40_000;
const CALLER_WAIT_MS = 8_000;
const POLL_MS = 250;
const FRESH_MS = 60_000;
const SKEW_MS = 10_000;
const DAY_MS = 86_400_000;
const KEEPALIVE_MS = 7 * DAY_MS;
const SAVE_TRIES = 3;

/** What the usual design keeps of a connection: one row, overwritten at each refresh. */
export interface PeerRow {
  refreshToken: string;
  accessToken: string;
  expiresAtMs: number;
  refreshedAtMs: number;
  /** The provider said invalid_grant once. */
  isDead: boolean;
  isDisabled: boolean;
}

/** What all processes of a peer share: a table of rows, and locks with an end. */
export interface PeerStore {
  readonly rows: Map<string, PeerRow>;
  readonly locks: Map<string, { readonly owner: string; readonly untilMs: number }>;
  readonly secrets: string[];
}

/**
 * The usual design, written fairly: read the row, take a lock that ends by itself, look again, refresh, write the row, free the lock.
 * Idle connections are refreshed in time. No intent, no journal, no generation, no second look at an invalid_grant.
 */
export function peerContender(store: PeerStore, nowMs: () => number): Contender {
  return (ports) => new PeerProcess(ports, store, nowMs);
}

class PeerProcess implements ContenderProcess {
  readonly #ports: ProcessPorts;
  readonly #store: PeerStore;
  readonly #nowMs: () => number;
  readonly #owner: string;

  constructor(ports: ProcessPorts, store: PeerStore, nowMs: () => number) {
    this.#ports = ports;
    this.#store = store;
    this.#nowMs = nowMs;
    this.#owner = `${ports.node}.${ports.life}`;
  }

  async start(): Promise<void> {
    this.#keepAlive();
  }

  async stop(): Promise<void> {}

  async setUp(secret: string): Promise<void> {
    await this.#write(() => this.#store.secrets.unshift(secret));
  }

  async addSecret(secret: string): Promise<void> {
    await this.#write(() => this.#store.secrets.unshift(secret));
  }

  async setDisabled(connection: string, disabled: boolean): Promise<void> {
    await this.#write(() => {
      const row = this.#store.rows.get(connection);
      if (row !== undefined) row.isDisabled = disabled;
    });
  }

  async connect(connection: string, person: string): Promise<GrantId | null> {
    const codeVerifier = new Secret(`verifier of ${connection}`);
    const code = new Secret(this.#ports.provider.consents(person, REDIRECT_URI, challengeOf(codeVerifier)));
    const grant = { kind: "authorization_code", code, redirectUri: REDIRECT_URI, codeVerifier } as const;
    const sentAtMs = this.#ports.time.wallMs();
    const answer = await this.#send(grant);
    if (answer.kind !== "success") return null;
    await this.#save(connection, { ...answer, sentAtMs });
    return `gr_${connection}` as GrantId;
  }

  async ask(connection: string): Promise<ServedToken> {
    const deadlineMs = this.#ports.time.monotonicMs() + CALLER_WAIT_MS;
    for (;;) {
      const row = await this.#read(connection);
      const fresh = this.#freshOf(row);
      if (fresh !== null) return fresh;
      if (await this.#lock(connection)) return await this.#refreshLocked(connection);
      if (this.#ports.time.monotonicMs() >= deadlineMs) throw new EvergrantError("token_not_ready");
      await this.#pause(POLL_MS);
    }
  }

  async #refreshLocked(connection: string): Promise<ServedToken> {
    try {
      // Another process may have refreshed while this one waited for the lock.
      const fresh = this.#freshOf(await this.#read(connection));
      return fresh ?? (await this.#refresh(connection));
    } finally {
      await this.#unlock(connection).catch(() => undefined);
    }
  }

  async #refresh(connection: string): Promise<ServedToken> {
    const row = await this.#read(connection);
    const sentAtMs = this.#ports.time.wallMs();
    const answer = await this.#send({ kind: "refresh_token", refreshToken: new Secret(row.refreshToken) });
    switch (answer.kind) {
      case "success": {
        const saved = await this.#save(connection, { ...answer, sentAtMs });
        return { accessToken: saved.accessToken, expiresInMs: saved.expiresAtMs - this.#ports.time.wallMs() - SKEW_MS };
      }
      case "rejected":
        await this.#write(() => {
          const current = this.#store.rows.get(connection);
          if (current !== undefined) current.isDead = true;
        });
        throw new EvergrantError("consent_required");
      case "app-error":
        throw new EvergrantError("app_refused");
      case "not-executed":
      case "ambiguous":
        throw new EvergrantError("provider_unreachable");
    }
  }

  // A failed write is tried again; if the database stays away the new token is gone with this process.
  async #save(
    connection: string,
    answer: {
      readonly accessToken: string;
      readonly refreshToken: string;
      readonly sentAtMs: number;
      readonly lifeMs: number;
    },
  ): Promise<PeerRow> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#write(() => {
          const row: PeerRow = {
            refreshToken: answer.refreshToken,
            accessToken: answer.accessToken,
            expiresAtMs: answer.sentAtMs + answer.lifeMs,
            refreshedAtMs: answer.sentAtMs,
            isDead: false,
            isDisabled: this.#store.rows.get(connection)?.isDisabled ?? false,
          };
          this.#store.rows.set(connection, row);
          return row;
        });
      } catch (error) {
        if (tries === SAVE_TRIES) throw error;
        await this.#pause(1_000 * tries);
      }
    }
  }

  async #send(grant: Parameters<ProcessPorts["tokenEndpoint"]["send"]>[0]["grant"]) {
    for (const secret of [...this.#store.secrets]) {
      const request = {
        url: TOKEN_URL,
        clientId: CLIENT_ID,
        clientSecret: new Secret(secret),
        clientAuthentication: "client_secret_basic",
        grant,
        timeoutMs: REQUEST_TIMEOUT_MS,
      } as const;
      const ending = await this.#ports.tokenEndpoint.send(request, () => undefined);
      const kind = endingKind(ending);
      if (kind === "app-error") continue;
      if (kind !== "success" || ending.kind !== "answered")
        return { kind: kind === "success" ? "ambiguous" : kind } as const;
      const body = ending.body.reveal();
      const accessToken = /"access_token":"([^"]+)"/.exec(body)?.[1] ?? "";
      const lifeMs = Number(/"expires_in":(\d+)/.exec(body)?.[1] ?? 0) * 1_000;
      return { kind: "success", accessToken, refreshToken: refreshTokenIn(body) ?? "", lifeMs } as const;
    }
    return { kind: "app-error" } as const;
  }

  #freshOf(row: PeerRow): ServedToken | null {
    if (row.isDisabled) throw new EvergrantError("connection_disabled");
    if (row.isDead) throw new EvergrantError("consent_required");
    const leftMs = row.expiresAtMs - this.#ports.time.wallMs() - SKEW_MS;
    return leftMs > FRESH_MS ? { accessToken: row.accessToken, expiresInMs: leftMs } : null;
  }

  async #read(connection: string): Promise<PeerRow> {
    const row = await this.#write(() => this.#store.rows.get(connection));
    if (row === undefined) throw new EvergrantError("connection_not_available");
    return { ...row };
  }

  #lock(connection: string): Promise<boolean> {
    return this.#write(() => {
      const held = this.#store.locks.get(connection);
      const nowMs = this.#nowMs();
      if (held !== undefined && held.untilMs > nowMs) return false;
      this.#store.locks.set(connection, { owner: this.#owner, untilMs: nowMs + LOCK_MS });
      return true;
    });
  }

  #unlock(connection: string): Promise<void> {
    return this.#write(() => {
      if (this.#store.locks.get(connection)?.owner === this.#owner) this.#store.locks.delete(connection);
    });
  }

  #keepAlive(): void {
    this.#ports.time.setTimer(DAY_MS / 2, () => {
      const due = [...this.#store.rows].filter(
        ([, row]) => !row.isDead && row.refreshedAtMs + KEEPALIVE_MS - DAY_MS <= this.#ports.time.wallMs(),
      );
      for (const [connection] of due) this.#refreshIfFree(connection).catch(() => undefined);
      this.#keepAlive();
    });
  }

  async #refreshIfFree(connection: string): Promise<void> {
    if (!(await this.#lock(connection))) return;
    await this.#refresh(connection).finally(() => this.#unlock(connection));
  }

  #write<T>(work: () => T): Promise<T> {
    return this.#ports.overWire(async () => work());
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#ports.time.setTimer(ms, resolve);
    });
  }
}
