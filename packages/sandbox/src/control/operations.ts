import type { Control } from "./control.ts";
import type { inputs } from "./inputs.ts";

/** What a request to the control API brings: the ids of its path, and its body. */
export interface Asked {
  readonly input: unknown;
  readonly id: string;
  readonly secretId: string;
}

/** One operation: `name` is the method of `Control` that it is, `takes` the body that it takes. */
export type Operation = readonly [
  method: "GET" | "POST" | "PATCH" | "PUT" | "DELETE",
  path: string,
  name: keyof Control,
  takes: keyof typeof inputs | null,
  does: string,
];

/** Every operation of the control API. */
export const OPERATIONS: readonly Operation[] = [
  ["GET", "state", "state", null, "the whole ledger without secrets"],
  ["POST", "reset", "reset", null, "back to the demo data; clock, keys and kept snapshots stay"],
  ["GET", "clock", "clock", null, "the sandbox's time and the processes that follow it"],
  ["POST", "clock/advance", "advance", "advance", "moves time forward, from one due event to the next"],
  ["POST", "schedule", "schedule", "schedule", "puts an event on the calendar"],
  ["GET", "faults", "faults", null, "the placed faults, with how often each matched and hit"],
  ["POST", "faults", "placeFault", "fault", "places a fault"],
  [
    "POST",
    "faults/drop-next-refresh",
    "dropNextRefresh",
    "dropNextRefresh",
    "the next refresh is committed and its answer lost",
  ],
  ["DELETE", "faults", "clearFaults", null, "removes all faults"],
  ["DELETE", "faults/:id", "removeFault", null, "removes one fault"],
  [
    "GET",
    "requests",
    "requests",
    null,
    "every request, oldest first: outcome, status, committed or not, token as hash prefix and generation",
  ],
  ["POST", "requests/clear", "clearRequests", null, "empties the journal of requests"],
  ["DELETE", "requests", "clearRequests", null, "empties the journal of requests"],
  ["GET", "snapshot", "snapshot", null, "everything as JSON, to be carried away; to be kept like the database"],
  ["GET", "snapshots", "snapshots", null, "the kept snapshots"],
  ["GET", "snapshots/:id", "keptSnapshot", null, "a kept snapshot as JSON"],
  ["PUT", "snapshots/:id", "keepSnapshot", null, "takes a snapshot and keeps it under this name"],
  ["DELETE", "snapshots/:id", "removeSnapshot", null, "removes a kept snapshot"],
  ["POST", "restore", "restore", "restore", "puts a snapshot in the place of everything"],
  ["GET", "switches", "switches", null, "every switch with its present value"],
  ["PATCH", "switches", "setSwitches", "switches", "changes switches"],
  ["GET", "limits", "limits", null, "what is left of the rate limits, by app and organisation"],
  ["PUT", "limits", "setLimits", "setLimits", "sets what is left in the running windows"],
  ["GET", "verify", "verify", null, "the invariant report"],
  [
    "POST",
    "tokens/accepted",
    "tokenAccepted",
    "tokenQuestion",
    "whether a refresh token would be accepted now; uses nothing up",
  ],
  ["GET", "trees", "trees", null, "every consent's family of tokens, the newest first"],
  ["GET", "grants", "grants", null, "what people gave to apps"],
  ["GET", "grants/:id", "grant", null, "one grant with everything that hangs on it"],
  ["DELETE", "grants/:id", "revokeGrant", null, "ends a grant with its tokens and connections"],
  ["GET", "keys", "keys", null, "the signing keys that are published, oldest first"],
  ["POST", "keys/rotate", "rotateKey", null, "a new key signs from now on"],
  ["DELETE", "keys/:id", "retireKey", null, "takes an old key out of JWKS"],
  ["GET", "users", "users", null, "people"],
  ["POST", "users", "createUser", "createUser", "adds a person"],
  ["PATCH", "users/:id", "changeUser", "changeUser", "gives a person a new password"],
  ["GET", "organisations", "organisations", null, "organisations"],
  ["POST", "organisations", "createOrganisation", "createOrganisation", "adds an organisation with its books"],
  ["POST", "organisations/:id/reset-demo", "resetDemoCompany", null, "a demo company starts afresh"],
  ["GET", "memberships", "memberships", null, "who has which role where"],
  ["PUT", "memberships", "setMembership", "setMembership", "gives a role, or takes it"],
  ["GET", "connections", "connections", null, "connections, live and ended"],
  ["DELETE", "connections/:id", "disconnect", null, "a person disconnects an app"],
  ["GET", "apps", "apps", null, "apps, without their secrets"],
  ["POST", "apps", "createApp", "createApp", "adds an app; the only answer with its secret"],
  ["PATCH", "apps/:id", "changeApp", "changeApp", "changes an app"],
  ["POST", "apps/:id/secrets", "addAppSecret", "addSecret", "a further secret, or one instead of all others"],
  ["DELETE", "apps/:id/secrets/:secretId", "removeAppSecret", null, "removes a secret"],
  ["GET", "custom-connections", "customConnections", null, "Custom Connections and their states"],
  [
    "POST",
    "custom-connections",
    "createCustomConnection",
    "createCustomConnection",
    "adds a Custom Connection; its authorising user gets a mail",
  ],
  [
    "PATCH",
    "custom-connections/:id",
    "changeCustomConnection",
    "changeCustomConnection",
    "changes one, which deactivates it",
  ],
  [
    "POST",
    "custom-connections/:id/authorise",
    "authoriseCustomConnection",
    "authoriseCustomConnection",
    "the authorising user consents",
  ],
  ["POST", "custom-connections/:id/deactivate", "deactivateCustomConnection", null, "deactivates one"],
  ["POST", "custom-connections/:id/mail", "mailConsentLink", null, "sends a mail with a new link"],
  [
    "POST",
    "custom-connections/:id/purchase",
    "buyCustomConnection",
    "buyCustomConnection",
    "a live organisation buys the subscription",
  ],
  ["DELETE", "custom-connections/:id/purchase", "endPurchase", null, "the subscription ends"],
  ["GET", "mails", "mails", null, "the outbox"],
  ["GET", "mails/:id", "mail", null, "one mail"],
  ["GET", "webhooks", "webhooks", null, "webhooks and their states"],
  ["PUT", "apps/:id/webhook", "setWebhook", "setWebhook", "where an app wants to hear of events"],
  ["DELETE", "apps/:id/webhook", "removeWebhook", null, "removes an app's webhook"],
  ["POST", "apps/:id/webhook/intent-to-receive", "sendIntentToReceive", null, "sends the intent to receive"],
  ["POST", "webhook-events", "emitEvent", "emitEvent", "something happened in an organisation"],
];

/** Carries an operation out: the ids of its path come first, then its body. The methods check what they get. */
export function perform(control: Control, [, path, name, takes]: Operation, asked: Asked): unknown {
  const ids = [...path.matchAll(/:(\w+)/g)].map(([, id]) => (id === "secretId" ? asked.secretId : asked.id));
  const method = control[name] as (...given: readonly unknown[]) => unknown;
  return method(...ids, ...(takes === null ? [] : [asked.input]));
}
