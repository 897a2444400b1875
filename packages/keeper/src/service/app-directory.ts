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
 * Apps in memory: they change seldom and every attempt needs one. Another node's new client secret raises the epoch, and then
 * everything is forgotten; an app whose secret was refused is forgotten as well, so that the next attempt has what there is.
 */
export class AppDirectory {
  readonly #context: ServiceContext;
  readonly #apps = new Map<AppId, App>();

  constructor(context: ServiceContext) {
    this.#context = context;
  }

  async get(id: AppId): Promise<App> {
    const known = this.#apps.get(id);
    if (known !== undefined) return known;
    const stored = await this.#context.store.apps.find(id);
    if (stored === undefined) throw new EvergrantError("app_unknown");
    const app = this.#resolve(stored);
    this.#apps.set(id, app);
    return app;
  }

  /** From memory alone; undefined until it was asked for once. */
  peek(id: AppId): App | undefined {
    return this.#apps.get(id);
  }

  forget(id: AppId): void {
    this.#apps.delete(id);
  }

  forgetAll(): void {
    this.#apps.clear();
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
