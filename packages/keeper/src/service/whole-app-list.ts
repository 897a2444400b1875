import { type AppId, classify, type Secret } from "@evergrant/core";
import type { Tenant } from "../ports/provider-api.ts";
import type { App } from "./app-directory.ts";
import { homesOf } from "./homes.ts";
import { wholeAppScope } from "./scopes.ts";
import type { ServiceContext } from "./service-context.ts";

type Listed =
  | { readonly kind: "listed"; readonly links: readonly Tenant[] }
  | { readonly kind: "refused"; readonly detail: string }
  | { readonly kind: "unreachable" };

/**
 * The list of every person's connections to an app, read with a token that the app is given on its own behalf (RFC 6749 §4.4): it is
 * asked for at each look, used once and kept nowhere. What comes of it says nothing of any grant; that the provider refuses it is
 * told once, and the app does without.
 */
export class WholeAppList {
  readonly #context: ServiceContext;
  readonly #refused = new Map<AppId, string>();

  constructor(context: ServiceContext) {
    this.#context = context;
  }

  /** Null where the app's registration has no scope for it, or the list cannot be had now. */
  async links(app: App): Promise<readonly Tenant[] | null> {
    const scope = wholeAppScope(app);
    // A provider whose API lies elsewhere for each grant has no one place where all could be listed.
    if (scope === null || homesOf(app).api !== null || homesOf(app).tokenEndpoint !== null) return null;
    const listed = await this.#list(app, scope);
    await this.#tell(app.stored.id, listed);
    return listed.kind === "listed" ? listed.links : null;
  }

  async #list(app: App, scope: string): Promise<Listed> {
    const endpoints = await app.endpoints().catch(() => null);
    if (endpoints === null) return { kind: "unreachable" };
    let token: Secret | null = null;
    for (const clientSecret of app.secrets()) {
      const request = {
        url: endpoints.token,
        clientId: app.stored.clientId,
        clientSecret,
        clientAuthentication: endpoints.clientAuthentication ?? app.provider.clientAuthentication,
        grant: { kind: "client_credentials", scope },
        timeoutMs: this.#context.limits.requestTimeoutMs,
      } as const;
      const outcome = classify(await this.#context.tokenEndpoint.send(request, () => undefined), app.provider.errors);
      if (outcome.kind === "ambiguous" || outcome.kind === "not-executed") return { kind: "unreachable" };
      if (outcome.kind === "success") token = outcome.answer.accessToken;
      else if (outcome.error !== "invalid_client") return { kind: "refused", detail: outcome.error };
      if (token !== null) break;
    }
    if (token === null) return { kind: "refused", detail: "invalid_client" };
    const answer = await this.#context.providerApi.links(app.provider, endpoints, token);
    switch (answer.kind) {
      case "listed":
        return { kind: "listed", links: answer.tenants };
      case "refused":
        return { kind: "refused", detail: `${answer.status} ${answer.detail}`.trim() };
      case "unreachable":
        return { kind: "unreachable" };
    }
  }

  async #tell(id: AppId, listed: Listed): Promise<void> {
    const before = this.#refused.get(id);
    const now = listed.kind === "refused" ? listed.detail : undefined;
    if (listed.kind === "unreachable" || before === now) return;
    if (now === undefined) this.#refused.delete(id);
    else this.#refused.set(id, now);
    const event = now === undefined ? "app-connections-listed" : "app-connections-refused";
    const facts = now === undefined ? {} : { detail: now };
    const { store, time } = this.#context;
    const entry = { event, subject: { kind: "app", id }, atMs: time.wallMs(), by: "keeper", facts } as const;
    await store.audit.write({ audit: [entry], notices: [] });
  }
}
