import type { App, Caller, Connection, ConsentHistory, HeldConsent, Operator } from "@evergrant/contract";
import type { AdminClient } from "./admin-client.ts";
import { everyPage } from "./every-page.ts";

/** The lists of a running node, whole. */
export const adminLists = {
  apps: (admin: AdminClient): Promise<readonly App[]> =>
    everyPage(
      (query) => admin.call("listApps", { query }),
      ({ apps }) => apps,
    ),
  connections: (admin: AdminClient): Promise<readonly Connection[]> =>
    everyPage(
      (query) => admin.call("listConnections", { query }),
      ({ connections }) => connections,
    ),
  callers: (admin: AdminClient): Promise<readonly Caller[]> =>
    everyPage(
      (query) => admin.call("listCallers", { query }),
      ({ callers }) => callers,
    ),
  operators: (admin: AdminClient): Promise<readonly Operator[]> =>
    everyPage(
      (query) => admin.call("listOperators", { query }),
      ({ operators }) => operators,
    ),
  heldConsents: (admin: AdminClient): Promise<readonly HeldConsent[]> =>
    everyPage(
      (query) => admin.call("listConsents", { query: { held: "true", ...query } }),
      ({ consents }) => consents,
    ),
  consentHistory: (admin: AdminClient, name: string): Promise<ConsentHistory["consents"]> =>
    everyPage(
      (query) => admin.call("readConsentHistory", { params: { name }, query }),
      ({ consents }) => consents,
    ),
};
