import { type Chain, chainOf } from "@evergrant/core";
import type { StoredConnection } from "../ports/connection-store.ts";
import type { StoredGrant } from "../ports/grant-store.ts";
import type { App, AppDirectory } from "./app-directory.ts";
import type { ConnectionStatus, ConnectionView } from "./connecting.ts";
import { missingScopes } from "./scopes.ts";
import type { ServiceContext } from "./service-context.ts";

/** How a connection stands, in the words of the glossary. */
export async function viewConnection(
  context: ServiceContext,
  apps: AppDirectory,
  connection: StoredConnection,
): Promise<ConnectionView> {
  const app = await apps.get(connection.app);
  const grant = connection.grant === null ? undefined : await context.store.grants.load(connection.grant);
  const chain = grant === undefined ? null : chainOf(grant.state);
  const sharing = grant === undefined ? [] : await context.store.connections.ofGrant(grant.id);
  const [newest] = await context.store.consents.ofConnection(connection.id, 1);
  return {
    id: connection.id,
    name: connection.name,
    app: app.stored.name,
    provider: app.provider.id,
    kind: app.provider.kind,
    status: statusOf(connection, grant, newest?.progress.kind === "held"),
    subject: grant?.subject ?? null,
    tenants: connection.tenants,
    expectedTenant: connection.expectedTenant,
    alsoReached: connection.alsoReached ?? [],
    sharedWith: sharing.filter((other) => other.id !== connection.id).map((other) => other.name),
    scope: chain?.access?.scope ?? null,
    missingScopes: missingScopes(app, chain?.access?.scope ?? null),
    accessExpiresAtMs: chain?.access?.expiresAtMs ?? null,
    renewedAtMs: chain?.renewedAtMs ?? null,
    lapsesAtMs: chain === null ? null : lapsesAtMs(chain, app),
    checkedAtMs: connection.healthCheckedAtMs,
    warm: connection.warm ?? { kind: "idle" },
    trouble:
      chain?.trouble == null
        ? null
        : {
            kind: chain.trouble.kind,
            detail: chain.trouble.detail,
            sinceMs: chain.trouble.sinceMs,
            failures: chain.trouble.failures,
          },
    createdAtMs: connection.createdAtMs,
  };
}

function statusOf(connection: StoredConnection, grant: StoredGrant | undefined, held: boolean): ConnectionStatus {
  if (connection.disabledAtMs !== null) return "disabled";
  if (grant === undefined || grant.state.kind === "unconsented") return held ? "consent-held" : "awaiting-consent";
  switch (grant.state.kind) {
    case "in-court":
      return "suspected";
    case "consent-needed":
      return held ? "consent-held" : grant.state.reason === "not-authorised" ? "awaiting-consent" : "consent-needed";
    case "ended":
      return "ended";
    case "live":
      if (grant.state.chain.renewal.kind === "client-credentials" && grant.state.chain.access === null)
        return "awaiting-consent";
      return connection.tenants.length > 0 && connection.tenants.every((tenant) => tenant.status === "gone")
        ? "tenant-gone"
        : "connected";
  }
}

function lapsesAtMs(chain: Chain, app: App): number | null {
  if (chain.renewal.kind === "client-credentials" || app.timing.lapseAfterMs === null) return null;
  return chain.renewedAtMs + app.timing.lapseAfterMs;
}
