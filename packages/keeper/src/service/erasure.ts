import { type ConsentId, EvergrantError, type GrantId, transition } from "@evergrant/core";
import type { StoredConnection } from "../ports/connection-store.ts";
import type { Records } from "../ports/records.ts";
import type { AppDirectory } from "./app-directory.ts";
import type { ErasedGrant, ErasureAsk } from "./connecting.ts";
import type { ConnectionDirectory } from "./connection-directory.ts";
import type { GrantEnding } from "./grant-ending.ts";
import type { JournalErasure } from "./journal-erasure.ts";
import type { LiveTokens } from "./live-tokens.ts";
import type { ServiceContext } from "./service-context.ts";

interface Parts {
  readonly apps: AppDirectory;
  readonly directory: ConnectionDirectory;
  readonly ending: GrantEnding;
  readonly live: LiveTokens;
  readonly journals: JournalErasure;
}

const HELD_AT_MOST = 1_000;

/**
 * Erases a grant for good: after its key and its records are gone nothing that is kept of it opens. Each step may be repeated; the
 * connections go last, so that whoever was cut off finds by their name what to go on with.
 */
export class Erasure {
  readonly #context: ServiceContext;
  readonly #parts: Parts;

  constructor(context: ServiceContext, parts: Parts) {
    this.#context = context;
    this.#parts = parts;
  }

  /** @throws connection_unknown · revocation_changed · store_quarantined · token_not_ready */
  async erase(name: string, ask: ErasureAsk): Promise<ErasedGrant> {
    const { store, gate } = this.#context;
    gate.requireOpen();
    const connection = await store.connections.findByName(name);
    if (connection === undefined) throw new EvergrantError("connection_unknown");
    const sharing = connection.grant === null ? [connection] : await store.connections.ofGrant(connection.grant);
    const names = sharing.map((each) => each.name);
    // Somebody may have attached another connection since the list was read.
    if (names.toSorted().join(" ") !== ask.connections.toSorted().join(" "))
      throw new EvergrantError("revocation_changed", { detail: `it would erase ${names.join(", ")}` });
    await store.audit.write(this.#records(connection, { ...ask, names }));
    const revoked = connection.grant !== null && (await this.#eraseGrant(connection.grant, ask));
    // Answers that may be asked for again for a day show links and name who was granted what.
    await store.idempotency.eraseAnswers(names);
    for (const each of sharing) await this.#remove(each, ask.by);
    return {
      connections: names,
      revoked,
      journals: connection.grant === null ? [] : await this.#parts.journals.standing(),
      left: LEFT.filter(({ where }) => where !== "provider" || !revoked),
    };
  }

  async #eraseGrant(id: GrantId, ask: ErasureAsk): Promise<boolean> {
    const { ending, journals } = this.#parts;
    const revoked = ask.revoke ? await ending.revoke(id, "erased") : await ending.end(id, "erased").then(() => false);
    await this.#refuseWaiting(id, ask.by);
    // What came by an import was verified under a grant of its own, which holds the same tokens.
    for (const grant of [...(await this.#verifiedAs(id)), id]) await this.#destroy(grant, ask.by);
    await journals.look();
    return revoked;
  }

  async #destroy(id: GrantId, by: string): Promise<void> {
    const { store, time } = this.#context;
    const grant = await store.grants.load(id);
    if (grant === undefined) return;
    const { timing } = await this.#parts.apps.get(grant.app);
    const atMs = time.wallMs();
    const moved = transition(grant.state, { kind: "ended", atMs, reason: "erased" }, timing);
    if (moved.kind === "unmoved") return;
    const audit = { event: "grant-erased", subject: { kind: "grant", id }, atMs, by, facts: {} } as const;
    await store.grants.erase(id, { atMs, state: moved.state }, { audit: [audit], notices: [] });
    this.#parts.live.drop(id);
  }

  async #verifiedAs(id: GrantId): Promise<readonly GrantId[]> {
    const { store } = this.#context;
    const chains = new Set((await store.grants.versionsOf(id)).map(({ chain }) => chain));
    const consents = [...chains].map((chain) => store.consents.find(chain.replace(/^ch_/, "cs_") as ConsentId));
    return (await Promise.all(consents)).flatMap((consent) =>
      consent !== undefined && "imported" in consent.progress && consent.progress.imported !== undefined
        ? [consent.progress.imported.grant]
        : [],
    );
  }

  // Its tokens are among those that are destroyed: nobody can say yes to them any more.
  async #refuseWaiting(id: GrantId, by: string): Promise<void> {
    const { store, time } = this.#context;
    const atMs = time.wallMs();
    for (const consent of await store.consents.held(HELD_AT_MOST))
      await store.consents.change(consent.id, ({ progress }) => {
        if (progress.kind !== "held" || progress.grant !== id) return null;
        const { because: _because, acceptedBy: _acceptedBy, ...received } = progress;
        const subject = { kind: "connection", id: consent.connection } as const;
        const facts = { consent: consent.id, because: "erased" };
        return {
          progress: { ...received, kind: "refused", atMs, by },
          records: { audit: [{ event: "consent-refused", subject, atMs, by, facts }], notices: [] },
        };
      });
  }

  async #remove(connection: StoredConnection, by: string): Promise<void> {
    const { store, time } = this.#context;
    const subject = { kind: "connection", id: connection.id } as const;
    const audit = { event: "connection-removed", subject, atMs: time.wallMs(), by, facts: { name: connection.name } };
    await store.connections.remove(connection.id, { audit: [audit], notices: [] });
    await this.#parts.directory.refresh(connection.id);
  }

  #records(connection: StoredConnection, asked: { names: readonly string[]; revoke: boolean; by: string }): Records {
    const subject = { kind: "connection", id: connection.id } as const;
    const facts = { connections: asked.names.join(" "), revoke: asked.revoke };
    const atMs = this.#context.time.wallMs();
    return { audit: [{ event: "erasure-asked", subject, atMs, by: asked.by, facts }], notices: [] };
  }
}

/** What no erasure reaches, and what ends it. */
const LEFT: ErasedGrant["left"] = [
  {
    where: "backups",
    what: "Backups made before hold the grant's key, wrapped by a key-encryption key: they open until they are deleted, or until that key is retired and destroyed.",
  },
  {
    where: "callers",
    what: "Access tokens that callers hold work until they expire.",
  },
  {
    where: "provider",
    what: "The provider was not told, or did not confirm: what it granted stands there until somebody ends it there.",
  },
  {
    where: "audit",
    what: "The audit stays whole: names of connections and organisations stand in it, never a token.",
  },
  {
    where: "disks",
    what: "What a disk keeps of overwritten blocks, and a database of old row versions until it cleans up, cannot be told from here.",
  },
];
