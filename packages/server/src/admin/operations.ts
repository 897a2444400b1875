import type { ADMIN_API, OperationName, OperationRequest } from "@evergrant/contract";
import { type CallerId, type ConsentId, type RecipientId, Secret } from "@evergrant/core";
import type { Keeper } from "@evergrant/keeper";
import encodeQR from "qr";
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

function withQrCode<Link extends { readonly url: string }>(link: Link): Link & { readonly qrSvg: string } {
  return { ...link, qrSvg: encodeQR(link.url, "svg") };
}

/** What each operation of the admin API asks of the keeper. */
export const OPERATIONS: OperationHandlers = {
  me: async (_request, { keeper, site }) => ({
    role: "operator",
    publicUrl: site.publicUrl,
    nowMs: keeper.nowMs(),
    health: await keeper.health(),
  }),

  readQuarantine: (_request, { keeper }) => keeper.quarantine.view(),
  releaseQuarantine: ({ body }, { keeper }) => keeper.quarantine.release(body.as, by),

  listKeys: (_request, { keeper }) => keeper.keys.list(),
  rotateKey: ({ body }, { keeper }) => keeper.keys.rotate(body.to, by),
  retireKey: ({ params }, { keeper }) => keeper.keys.retire(params.id, by),

  readAudit: async ({ query }, { keeper }) =>
    await keeper.audit.page({ cursor: query.cursor ?? null, limit: query.limit }),
  verifyAudit: (_request, { keeper }) => keeper.audit.verify(),

  listProviders: async (_request, { keeper }) => ({ providers: keeper.apps.providers() }),
  listApps: async (_request, { keeper }) => ({ apps: await keeper.apps.list() }),
  addApp: ({ body }, { keeper }) => keeper.apps.add({ ...body, clientSecret: secretOrNull(body.clientSecret), by }),
  addAppSecret: ({ params, body }, { keeper }) => keeper.apps.addSecret(params.name, new Secret(body.clientSecret), by),
  setAppScopes: ({ params, body }, { keeper }) => keeper.apps.setScopes(params.name, body.scopes, by),

  listConnections: async (_request, { keeper }) => ({ connections: await keeper.connections.list() }),
  createConnection: ({ body }, { keeper }) => keeper.connections.create({ ...body, by }),
  readConnection: ({ params }, { keeper }) => keeper.connections.byName(params.name),
  removeConnection: ({ params }, { keeper }) => keeper.connections.remove(params.name, by),
  disableConnection: ({ params }, { keeper }) => keeper.connections.setDisabled(params.name, true, by),
  enableConnection: ({ params }, { keeper }) => keeper.connections.setDisabled(params.name, false, by),
  setWarmHours: ({ params, body }, { keeper }) =>
    keeper.connections.setWarm(params.name, body.kind === "idle" ? null : body, by),
  checkConnection: ({ params }, { keeper }) => keeper.connections.checkHealth(params.name),
  readStory: ({ params, query }, { keeper }) => keeper.connections.story(params.name, query.limit),

  readRemoval: ({ params }, { keeper }) => keeper.connections.removal(params.name),
  revokeGrant: ({ params, body }, { keeper }) =>
    keeper.connections.revoke(params.name, { connections: body.connections, by }),

  eraseGrant: ({ params, body }, { keeper }) => keeper.connections.erase(params.name, { ...body, by }),

  createConsentLink: async ({ params, body }, { keeper }) =>
    withQrCode(await keeper.consents.createLink({ connection: params.name, accept: body.accept, by })),
  readReconsentLink: async ({ params }, { keeper }) => withQrCode(await keeper.consents.reconsentLink(params.name)),
  revokeConsentLinks: async ({ params }, { keeper }) => {
    await keeper.consents.revokeLinks(params.name, by);
    return undefined;
  },
  readConsentHistory: async ({ params }, { keeper }) => ({ consents: await keeper.consents.history(params.name) }),
  beginPastedConsent: ({ params }, { keeper }) => keeper.consents.beginPasted(params.name, by),
  pasteCallback: ({ params, body }, { keeper }) =>
    keeper.consents.receivePasted(params.id as ConsentId, new Secret(body.address)),
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
  importTokens: async ({ body }, { keeper }) => {
    const tokens = body.tokens.map((token) => ({ ...token, refreshToken: new Secret(token.refreshToken) }));
    if (!body.checkOnly) return { imports: await keeper.imports.begin(tokens, by) };
    await keeper.imports.check(tokens);
    return { imports: [] };
  },
  readImport: ({ params }, { keeper }) => keeper.imports.read(params.id as ConsentId),

  listCallers: async (_request, { keeper }) => ({ callers: await keeper.callers.list() }),
  addCaller: async ({ body }, { keeper }) => {
    const { caller, clientSecret } = await keeper.callers.add({ ...body, by });
    return { caller, clientId: caller.id, clientSecret: clientSecret.reveal() };
  },
  addSecretlessCaller: ({ body }, { keeper }) => keeper.callers.addSecretless({ ...body, by }),
  addCallerSecret: async ({ params, body }, { keeper }) => {
    const expiresAtMs = body?.expiresAtMs ?? null;
    const { clientSecret } = await keeper.callers.addSecret(params.id as CallerId, { expiresAtMs, by });
    return { clientSecret: clientSecret.reveal() };
  },
  removeCallerSecret: ({ params }, { keeper }) => keeper.callers.removeSecret(params.id as CallerId, params.secret, by),
  setCallerAuthentication: ({ params, body }, { keeper }) =>
    keeper.callers.setAuthentication(params.id as CallerId, body, by),
  setCallerPermissions: ({ params, body }, { keeper }) =>
    keeper.callers.setPermissions(params.id as CallerId, body.permissions, by),
  disableCaller: ({ params }, { keeper }) => keeper.callers.setDisabled(params.id as CallerId, true, by),
  enableCaller: ({ params }, { keeper }) => keeper.callers.setDisabled(params.id as CallerId, false, by),
};
