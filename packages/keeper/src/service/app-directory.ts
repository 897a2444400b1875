import { type AppId, EvergrantError, type Secret, type Timing, timing } from "@evergrant/core";
import type { StoredApp } from "../ports/app-store.ts";
import type { Provider, ResolvedEndpoints } from "../ports/provider.ts";
import { resolveEndpoints } from "./resolve-endpoints.ts";
import type { ServiceContext } from "./service-context.ts";

/** An app with all that using it needs: its provider's data, its endpoints, and the timing derived from both. */
export interface App {
  readonly stored: StoredApp;
  readonly provider: Provider;
  readonly timing: Timing;
  endpoints(): Promise<ResolvedEndpoints>;
  /** Opened for one request, newest first; one null for a public client. */
  secrets(): readonly (Secret | null)[];
}

/**
 * Apps in memory: they change seldom and every attempt needs one. Another node's new client secret raises the epoch, and then all are
 * read anew; an app whose secret was refused is doubted, so that the next attempt has what there is. What is in memory is given up
 * for something newer alone: while the store is away, tokens are served by it.
 */
export class AppDirectory {
  readonly #context: ServiceContext;
  readonly #apps = new Map<AppId, App>();
  readonly #doubted = new Set<AppId>();

  constructor(context: ServiceContext) {
    this.#context = context;
  }

  async get(id: AppId): Promise<App> {
    const known = this.#apps.get(id);
    return known !== undefined && !this.#doubted.has(id) ? known : await this.refresh(id);
  }

  /** From memory alone; undefined until it was asked for once. */
  peek(id: AppId): App | undefined {
    return this.#apps.get(id);
  }

  /** It may have changed: read anew before it is used for a request to the provider. */
  doubt(id: AppId): void {
    this.#doubted.add(id);
  }

  /** Reads one app anew. */
  async refresh(id: AppId): Promise<App> {
    const stored = await this.#context.store.apps.find(id);
    if (stored === undefined) {
      this.#apps.delete(id);
      throw new EvergrantError("app_unknown");
    }
    const app = this.#resolve(stored);
    this.#apps.set(id, app);
    this.#doubted.delete(id);
    return app;
  }

  /** Reads anew all that are in memory; one that makes no sense any more says so to whoever asks for it. */
  async load(): Promise<void> {
    if (this.#apps.size === 0) return;
    const stored = new Map((await this.#context.store.apps.list()).map((app) => [app.id, app]));
    for (const id of [...this.#apps.keys()]) {
      const app = stored.get(id);
      this.#apps.delete(id);
      try {
        if (app !== undefined) this.#apps.set(id, this.#resolve(app));
      } catch (error) {
        this.#context.report({ what: "app", subject: id, error });
      }
    }
    this.#doubted.clear();
  }

  #resolve(stored: StoredApp): App {
    const { providers, limits, sealer, providerApi } = this.#context;
    const provider = providers.get(stored.provider);
    if (provider === undefined) throw new EvergrantError("provider_unknown", { detail: stored.provider });
    const { oldAccessToken } = provider.policy;
    // What was seen says more than nothing; what the provider says, more than what was seen.
    const seen = oldAccessToken === "unknown" ? (stored.oldAccessToken ?? "unknown") : oldAccessToken;
    const verdict = timing({ ...provider.policy, oldAccessToken: seen }, limits);
    if (verdict.kind === "impossible")
      throw new EvergrantError("timing_impossible", { detail: verdict.reasons.join(" ") });
    let discovered: ResolvedEndpoints | null = null;
    return {
      stored,
      provider,
      timing: verdict.timing,
      endpoints: async () =>
        (discovered ??= await findEndpoints(provider, stored, (issuer) => providerApi.discover(issuer))),
      secrets: () => {
        if (stored.clientSecrets.length === 0) return [null];
        return stored.clientSecrets.map((secret) =>
          sealer.open(stored.dataKey, secretContext(stored.id, secret.id), secret.sealed),
        );
      },
    };
  }
}

export function secretContext(app: AppId, secretId: string) {
  return { owner: app, chain: "", kind: "client-secret", version: secretId } as const;
}

async function findEndpoints(
  provider: Provider,
  app: StoredApp,
  discover: (issuer: string) => Promise<ResolvedEndpoints | null>,
): Promise<ResolvedEndpoints> {
  const resolved = resolveEndpoints(provider, app.origins);
  if (resolved !== "needs-discovery") return resolved;
  const found = app.origins === null ? null : await discover(app.origins.identity);
  if (app.origins === null || found === null)
    throw new EvergrantError("provider_unreachable", { detail: "no metadata at the app's issuer" });
  return { ...found, apiOrigins: [app.origins.api] };
}
