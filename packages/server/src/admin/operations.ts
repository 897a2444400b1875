import type { ADMIN_API, OperationName, OperationRequest } from "@evergrant/contract";
import { type CallerId, type ConsentId, type RecipientId, Secret } from "@evergrant/core";
import type { Keeper } from "@evergrant/keeper";
import type { z } from "zod";
import type { Site } from "../http/site.ts";

export interface AdminContext {
  readonly keeper: Keeper;
  readonly site: Site;
}

export type OperationHandlers = {
  readonly [Name in OperationName]: (
    request: OperationRequest<Name>,
    context: AdminContext,
  ) => Promise<z.input<(typeof ADMIN_API)[Name]["answer"]>>;
};

/** Who did it, for the audit: there is one operator key. */
const by = "operator";

const secretOrNull = (text: string | null): Secret | null => (text === null ? null : new Secret(text));

/** What each operation of the admin API asks of the keeper. */
export const OPERATIONS: OperationHandlers = {
  me: async (_request, { keeper, site }) => ({
    role: "operator",
    publicUrl: site.publicUrl,
    nowMs: keeper.nowMs(),
    health: keeper.health(),
  }),

  readQuarantine: (_request, { keeper }) => keeper.quarantine.view(),
  releaseQuarantine: ({ body }, { keeper }) => keeper.quarantine.release(body.as, by),

  listProviders: async (_request, { keeper }) => ({ providers: keeper.apps.providers() }),
  listApps: async (_request, { keeper }) => ({ apps: await keeper.apps.list() }),
  addApp: ({ body }, { keeper }) => keeper.apps.add({ ...body, clientSecret: secretOrNull(body.clientSecret), by }),
  addAppSecret: ({ params, body }, { keeper }) => keeper.apps.addSecret(params.name, new Secret(body.clientSecret), by),

  listConnections: async (_request, { keeper }) => ({ connections: await keeper.connections.list() }),
  createConnection: ({ body }, { keeper }) => keeper.connections.create({ ...body, by }),
  readConnection: ({ params }, { keeper }) => keeper.connections.byName(params.name),
  removeConnection: ({ params }, { keeper }) => keeper.connections.remove(params.name, by),
  disableConnection: ({ params }, { keeper }) => keeper.connections.setDisabled(params.name, true, by),
  enableConnection: ({ params }, { keeper }) => keeper.connections.setDisabled(params.name, false, by),
  checkConnection: ({ params }, { keeper }) => keeper.connections.checkHealth(params.name),
  readStory: ({ params, query }, { keeper }) => keeper.connections.story(params.name, query.limit),

  createConsentLink: ({ params, body }, { keeper }) =>
    keeper.consents.createLink({ connection: params.name, accept: body.accept, by }),
  readReconsentLink: ({ params }, { keeper }) => keeper.consents.reconsentLink(params.name),
  revokeReconsentLinks: async ({ params }, { keeper }) => {
    await keeper.consents.revokeReconsentLinks(params.name, by);
    return undefined;
  },
  listConsents: async (_request, { keeper }) => ({ consents: await keeper.consents.held() }),
  decideConsent: ({ params, body }, { keeper }) =>
    keeper.consents.decide(params.id as ConsentId, { accept: body.accept, by }),

  listRecipients: async (_request, { keeper }) => ({ recipients: await keeper.notices.recipients() }),
  addRecipient: async ({ body }, { keeper }) => {
    const { recipient, secret } = await keeper.notices.addRecipient({ ...body, by });
    return { recipient, secret: secret?.reveal() ?? null };
  },
  removeRecipient: async ({ params }, { keeper }) => {
    await keeper.notices.removeRecipient(params.id as RecipientId, by);
    return undefined;
  },
  addRecipientSecret: async ({ params }, { keeper }) => {
    const { secret } = await keeper.notices.addSecret(params.id as RecipientId, by);
    return { secret: secret.reveal() };
  },
  disableRecipient: ({ params }, { keeper }) => keeper.notices.setDisabled(params.id as RecipientId, true, by),
  enableRecipient: ({ params }, { keeper }) => keeper.notices.setDisabled(params.id as RecipientId, false, by),
  listDeliveries: async ({ query }, { keeper }) => ({
    deliveries: await keeper.notices.deliveries({ status: query.status ?? null, limit: query.limit }),
    counts: await keeper.notices.counts(),
  }),
  replayNotices: async ({ body }, { keeper }) => ({ replayed: await keeper.notices.replay(body.deliveries, by) }),

  listCallers: async (_request, { keeper }) => ({ callers: await keeper.callers.list() }),
  addCaller: async ({ body }, { keeper }) => {
    const { caller, clientSecret } = await keeper.callers.add({ ...body, by });
    return { caller, clientId: caller.id, clientSecret: clientSecret.reveal() };
  },
  addCallerSecret: async ({ params }, { keeper }) => {
    const { clientSecret } = await keeper.callers.addSecret(params.id as CallerId, by);
    return { clientSecret: clientSecret.reveal() };
  },
  setCallerPermissions: ({ params, body }, { keeper }) =>
    keeper.callers.setPermissions(params.id as CallerId, body.permissions, by),
  disableCaller: ({ params }, { keeper }) => keeper.callers.setDisabled(params.id as CallerId, true, by),
  enableCaller: ({ params }, { keeper }) => keeper.callers.setDisabled(params.id as CallerId, false, by),
};
