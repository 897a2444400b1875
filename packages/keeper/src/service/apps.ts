import { type AppId, EvergrantError, outageBudget, type Secret, timing } from "@evergrant/core";
import type { AppOrigins, SealedClientSecret, StoredApp } from "../ports/app-store.ts";
import type { ProviderEndpoints } from "../ports/provider.ts";
import type { WrappedKey } from "../ports/sealer.ts";
import { type AppDirectory, secretContext } from "./app-directory.ts";
import { redirectUri } from "./consent-start.ts";
import type { Apps, AppView, NewApp, ProviderView } from "./keeper.ts";
import { newId } from "./new-id.ts";
import { type Page, type PageAsk, pageOf, placeByAge } from "./pages.ts";
import type { ServiceContext } from "./service-context.ts";

const SECRETS_AT_MOST = 5;

/** Our OAuth clients at providers, as operators see them. */
export class AppDesk implements Apps {
  readonly #context: ServiceContext;
  readonly #directory: AppDirectory;
  readonly #onChanged: () => void;

  constructor(context: ServiceContext, directory: AppDirectory, onChanged: () => void) {
    this.#context = context;
    this.#directory = directory;
    this.#onChanged = onChanged;
  }

  async add(request: NewApp): Promise<AppView> {
    const { providers, chance, sealer, store, time } = this.#context;
    const provider = providers.get(request.provider);
    if (provider === undefined)
      throw new EvergrantError("provider_unknown", { detail: `known: ${[...providers.keys()].join(", ")}` });
    if (provider.endpoints.kind === "discovered" && request.origins === null)
      throw new EvergrantError("origins_refused", { detail: `${provider.id} needs the origins of its issuer and API` });
    const id = newId<AppId>("ap", chance);
    const dataKey = sealer.newDataKey(id);
    const createdAtMs = time.wallMs();
    const app: StoredApp = {
      id,
      name: request.name,
      provider: provider.id,
      clientId: request.clientId,
      dataKey,
      clientSecrets: request.clientSecret === null ? [] : [this.#seal({ id, dataKey }, request.clientSecret)],
      scopes: request.scopes ?? [...provider.defaultScopes],
      origins: request.origins === null ? null : checkedOrigins(request.origins, provider.endpoints.kind),
      createdAtMs,
    };
    const created = await store.apps.create(app, {
      audit: [
        {
          event: "app-added",
          subject: { kind: "app", id },
          atMs: createdAtMs,
          by: request.by,
          facts: { name: app.name, provider: provider.id },
        },
      ],
      notices: [],
    });
    if (created === "name-taken") throw new EvergrantError("name_taken");
    this.#onChanged();
    return this.#view(app);
  }

  async list(): Promise<readonly AppView[]> {
    return (await this.#context.store.apps.list()).map((app) => this.#view(app));
  }

  async page(from: PageAsk): Promise<Page<AppView>> {
    const { apps } = this.#context.store;
    const list = { name: "apps", rows: apps.page.bind(apps), placeOf: placeByAge };
    const { items, next } = await pageOf<StoredApp>(list, from);
    return { items: items.map((app) => this.#view(app)), next };
  }

  async addSecret(name: string, secret: Secret, by: string): Promise<AppView> {
    const { store, time } = this.#context;
    const app = await store.apps.findByName(name);
    if (app === undefined) throw new EvergrantError("app_unknown");
    const clientSecrets = [this.#seal(app, secret), ...app.clientSecrets].slice(0, SECRETS_AT_MOST);
    await store.apps.replaceSecrets(app.id, clientSecrets, {
      audit: [
        {
          event: "client-secret-added",
          subject: { kind: "app", id: app.id },
          atMs: time.wallMs(),
          by,
          facts: { secrets: clientSecrets.length },
        },
      ],
      notices: [],
    });
    this.#directory.doubt(app.id);
    this.#onChanged();
    return this.#view({ ...app, clientSecrets });
  }

  async setScopes(name: string, scopes: readonly string[], by: string): Promise<AppView> {
    const { store, time } = this.#context;
    const app = await store.apps.findByName(name);
    if (app === undefined) throw new EvergrantError("app_unknown");
    const facts = { before: app.scopes.join(" "), now: scopes.join(" ") };
    await store.apps.replaceScopes(app.id, scopes, {
      audit: [{ event: "scopes-set", subject: { kind: "app", id: app.id }, atMs: time.wallMs(), by, facts }],
      notices: [],
    });
    this.#directory.doubt(app.id);
    this.#onChanged();
    return this.#view({ ...app, scopes });
  }

  providers(): readonly ProviderView[] {
    return [...this.#context.providers.values()].map((provider) => {
      const { id, displayName, kind, apiOrigins, tenantLocator, examplePath, policy, sources } = provider;
      const verdict = timing(policy, this.#context.limits);
      const promises =
        verdict.kind === "possible"
          ? { cannotPromise: verdict.timing.cannotPromise, outages: outageBudget(verdict.timing) }
          : { cannotPromise: verdict.reasons, outages: [] };
      const unconfirmed = Object.keys(sources).filter((fact) => typeof sources[fact] === "object");
      return { id, displayName, kind, apiOrigins, tenantLocator, examplePath, ...promises, unconfirmed };
    });
  }

  #seal(app: { id: AppId; dataKey: WrappedKey }, secret: Secret): SealedClientSecret {
    const id = newId<string>("sc", this.#context.chance);
    return {
      id,
      sealed: this.#context.sealer.seal(app.dataKey, secretContext(app.id, id), secret),
      addedAtMs: this.#context.time.wallMs(),
    };
  }

  #view(app: StoredApp): AppView {
    const { id, name, provider, clientId, scopes, origins, createdAtMs } = app;
    const clientSecrets = app.clientSecrets.map((secret) => ({ id: secret.id, addedAtMs: secret.addedAtMs }));
    return {
      id,
      name,
      provider,
      clientId,
      scopes,
      origins,
      clientSecrets,
      redirectUri: redirectUri(this.#context.publicUrl, id),
      createdAtMs,
    };
  }
}

function checkedOrigins(origins: AppOrigins, endpoints: ProviderEndpoints["kind"]): AppOrigins {
  const { identity, login, api } = origins;
  const isIssuer = endpoints === "discovered";
  return {
    identity: isIssuer ? checkedIssuer(identity) : checkedOrigin(identity),
    login: checkedOrigin(login),
    api: checkedOrigin(api),
  };
}

// RFC 8414 §2: an issuer may have a path, and is compared character for character; so it stays as it was written.
function checkedIssuer(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || url.search !== "" || url.hash !== "" || /[?#\s]/.test(text))
    throw new EvergrantError("origins_refused");
  checkedOrigin(url.username === "" && url.password === "" ? url.origin : text);
  return text;
}

// Plain http carries client secrets in clear: only within this machine.
function checkedOrigin(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  const plain =
    url !== null &&
    url.username === "" &&
    url.password === "" &&
    url.search === "" &&
    url.hash === "" &&
    url.pathname === "/";
  const loopback = url !== null && ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
  if (url === null || !plain || !(url.protocol === "https:" || (url.protocol === "http:" && loopback)))
    throw new EvergrantError("origins_refused");
  return url.origin;
}
