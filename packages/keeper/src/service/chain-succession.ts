import { firstChain, type GrantId, transition } from "@evergrant/core";
import type { ReceivedConsent, StoredConsent } from "../ports/consent-store.ts";
import type { AppDirectory } from "./app-directory.ts";
import { changeFor } from "./grant-steps.ts";
import type { GrantViews } from "./grant-views.ts";
import type { LiveTokens } from "./live-tokens.ts";
import type { ServiceContext } from "./service-context.ts";
import { openToken } from "./token-versions.ts";
import { untilStored } from "./waiting.ts";

interface Parts {
  readonly apps: AppDirectory;
  readonly live: LiveTokens;
  readonly views: GrantViews;
  readonly onScheduled: (dueAtMs: number | null) => void;
}

/** What a consent that is put to use does to grants: each step may be repeated. */
export class ChainSuccession {
  readonly #context: ServiceContext;
  readonly #apps: AppDirectory;
  readonly #live: LiveTokens;
  readonly #views: GrantViews;
  readonly #onScheduled: (dueAtMs: number | null) => void;

  constructor(context: ServiceContext, { apps, live, views, onScheduled }: Parts) {
    this.#context = context;
    this.#apps = apps;
    this.#live = live;
    this.#views = views;
    this.#onScheduled = onScheduled;
  }

  /** The grant goes on with the consent's chain; the one before it is sealed. */
  async begin(consent: StoredConsent, received: ReceivedConsent): Promise<void> {
    const { store, chance, sealer, time } = this.#context;
    const app = await this.#apps.get(consent.app);
    const version = await store.grants.token(received.version);
    if (version === undefined) return;
    const access = {
      version: version.id,
      receivedAtMs: version.receivedAtMs,
      expiresAtMs: version.accessExpiresAtMs,
      scope: received.scope,
    };
    const chain = firstChain(received.chain, {
      renewal: "refresh-token",
      version: version.id,
      access,
      atMs: version.receivedAtMs,
      jitter: chance.draw(),
    });
    const switched = await untilStored(this.#context, received.grant, () =>
      store.grants.change(received.grant, (grant, storeNowMs) => {
        const moved = transition(grant.state, { kind: "consented", atMs: time.wallMs(), chain }, app.timing);
        const view = this.#views.of(grant, { waitedForMs: null, leaseNowMs: storeNowMs });
        const change = moved.kind === "moved" ? changeFor(grant, moved, { view, timing: app.timing }) : null;
        return { change, result: { grant, dueAtMs: change?.dueAtMs ?? null, moved: change !== null } };
      }),
    );
    if (switched === undefined || !switched.moved) return;
    const secret = openToken(sealer, switched.grant, version, "access-token");
    if (secret !== null) this.#live.replace(received.grant, { secret, facts: access });
    this.#onScheduled(switched.dueAtMs);
  }

  /** A connection moved to another person's grant: the old one, if nobody stands on it any more, is never spent again. */
  async retire(id: GrantId): Promise<void> {
    const { store, time } = this.#context;
    if ((await store.connections.ofGrant(id)).length > 0) return;
    const grant = await store.grants.load(id);
    if (grant === undefined) return;
    const app = await this.#apps.get(grant.app);
    await store.grants.change(id, (current, storeNowMs) => {
      const moved = transition(
        current.state,
        { kind: "ended", atMs: time.wallMs(), reason: "disconnected" },
        app.timing,
      );
      const view = this.#views.of(current, { waitedForMs: null, leaseNowMs: storeNowMs });
      return {
        change: moved.kind === "moved" ? changeFor(current, moved, { view, timing: app.timing }) : null,
        result: true,
      };
    });
    this.#live.drop(id);
  }
}
