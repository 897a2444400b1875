import { type ConsentReason, outageBudget, type Step } from "@evergrant/core";
import type { StoredConnection } from "../ports/connection-store.ts";
import type { StoredGrant } from "../ports/grant-store.ts";
import type { AuditRecord } from "../ports/records.ts";
import type { App, AppDirectory } from "./app-directory.ts";
import type { ConnectionView, Story } from "./connecting.ts";
import { viewConnection } from "./connection-views.ts";
import { stepOf } from "./grant-steps.ts";
import type { GrantViews } from "./grant-views.ts";
import type { ServiceContext } from "./service-context.ts";

/** Why a connection is as it is: its last events, what happens next, and when. */
export async function tellStory(
  context: ServiceContext,
  parts: { apps: AppDirectory; views: GrantViews },
  told: { connection: StoredConnection; limit: number },
): Promise<Story> {
  const { connection, limit } = told;
  const app = await parts.apps.get(connection.app);
  const grant = connection.grant === null ? undefined : await context.store.grants.load(connection.grant);
  const view = await viewConnection(context, parts.apps, connection);
  const records = [
    ...(await context.store.audit.story({ kind: "connection", id: connection.id }, limit)),
    ...(grant === undefined ? [] : await context.store.audit.story({ kind: "grant", id: grant.id }, limit)),
  ];
  const step =
    grant === undefined
      ? null
      : stepOf(grant, parts.views.of(grant, { waitedForMs: null, leaseNowMs: context.time.wallMs() }), app.timing);
  return {
    connection: view,
    summary: summarise(view, grant),
    next: nextOf(view, step, app),
    cannotPromise: app.timing.cannotPromise,
    outages: outageBudget(app.timing),
    events: newestFirst(records)
      .slice(0, limit)
      .map(({ atMs, event, by, facts }) => ({ atMs, event, by, facts })),
  };
}

function newestFirst(records: readonly AuditRecord[]): readonly AuditRecord[] {
  return records.toSorted((a, b) => b.atMs - a.atMs || b.sequence - a.sequence);
}

function summarise(view: ConnectionView, grant: StoredGrant | undefined): string {
  switch (view.status) {
    case "awaiting-consent":
      return view.kind === "client_credentials" ? summariseApproval(view, grant) : "Nobody has consented yet.";
    case "consent-held":
      return "A consent was given and waits for an operator's yes or no.";
    case "connected":
      return summariseTrouble(view);
    case "suspected":
      return "The provider refused the refresh token. One refusal proves nothing: it is presented again before anything is declared lost.";
    case "consent-needed":
      return `A person has to consent again (${WHY_CONSENT[grant?.state.kind === "consent-needed" ? grant.state.reason : "refused-by-provider"]}).`;
    case "tenant-gone":
      return "The grant works, but the organisation was disconnected at the provider.";
    case "disabled":
      return "An operator disabled this connection.";
    case "ended":
      return "The grant was ended and is never used again.";
  }
}

const WHY_CONSENT: { readonly [Reason in ConsentReason]: string } = {
  "refused-by-provider": "the provider refused every token we hold",
  lapsed: "the refresh token lapsed unused",
  "not-authorised": "the provider says that the connection is not authorised",
  cloned: "this database is a copy, and its original goes on with the grant; use another app or another person here",
};

function summariseApproval(view: ConnectionView, grant: StoredGrant | undefined): string {
  if (grant?.state.kind === "consent-needed") return "The provider says that this connection is not authorised yet.";
  return view.trouble === null
    ? "The provider is being asked whether this connection is authorised."
    : summariseTrouble(view);
}

function summariseTrouble(view: ConnectionView): string {
  if (view.trouble === null) return "Connected and healthy.";
  const { kind, detail, failures } = view.trouble;
  const times = failures === 1 ? "once" : `${failures} times in a row`;
  switch (kind) {
    case "app-error":
      return `The grant is unharmed, but the provider refuses our app (${detail}), ${times}: check the app's client secret.`;
    case "ambiguous":
      return `The grant is unharmed as far as is known, but the provider's answer to a refresh was lost (${detail}), ${times}: the same refresh token is sent again.`;
    default:
      return `The grant is unharmed, but the provider could not be reached (${detail}), ${times}.`;
  }
}

function nextOf(view: ConnectionView, step: Step | null, app: App): Story["next"] {
  if (step === null || view.status === "consent-needed")
    return {
      what:
        view.status === "consent-held" ? "An operator decides about the consent." : "A person opens the consent link.",
      atMs: null,
    };
  switch (step.kind) {
    case "spend":
    case "request":
      return { what: `A new access token is asked for now (${step.because}).`, atMs: null };
    case "declare-lost":
      return { what: "The verdict falls: consent is needed.", atMs: null };
    case "warn":
      return { what: "A warning that the grant nears its lapse goes out.", atMs: null };
    case "sleep":
      return {
        what: app.provider.kind === "client_credentials" ? "Nothing until a caller asks." : "Nothing.",
        atMs: null,
      };
    case "rest":
      return { what: REST[step.because], atMs: step.untilMs };
  }
}

const REST: { readonly [Reason in Extract<Step, { kind: "rest" }>["because"]]: string } = {
  "not-due": "The next refresh is due.",
  "attempt-in-flight": "An attempt is on its way; if its answer is lost the same token is sent again.",
  "backing-off": "The next try after a failure.",
  "court-spacing": "The refused token is presented again, to be sure.",
  "past-grace-hold": "Another node's unfinished attempt is waited for.",
  "provider-silent": "The provider's answers got lost: one connection at a time is tried until it answers again.",
  "store-mending": "The database has gone back: what this node's journal holds is put in first.",
  paced: "The app's share of requests is used up for the moment.",
  "next-poll": "The provider is asked whether the connection has been authorised.",
};
