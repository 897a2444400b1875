import type { ADMIN_API, OperationName, OperationRequest } from "@evergrant/contract";
import { type CallerId, type ConsentId, type RecipientId, Secret } from "@evergrant/core";
import type { Keeper, OperatorPrincipal, Page, PageAsk } from "@evergrant/keeper";
import encodeQR from "qr";
import type { z } from "zod";
import type { Site } from "../http/site.ts";

export interface AdminContext {
  readonly keeper: Keeper;
  readonly site: Site;
  readonly operator: OperatorPrincipal;
  /** The operator's name, for the audit. */
  readonly by: string;
}

export type OperationHandlers = {
  readonly [Name in OperationName]: (
    request: OperationRequest<Name>,
    context: AdminContext,
  ) => Promise<z.input<(typeof ADMIN_API)[Name]["answer"]>>;
};

const secretOrNull = (text: string | null): Secret | null => (text === null ? null : new Secret(text));

function withQrCode<Link extends { readonly url: string }>(link: Link): Link & { readonly qrSvg: string } {
  return { ...link, qrSvg: encodeQR(link.url, "svg") };
}

interface ListQuery {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

const from = ({ cursor, limit }: ListQuery): PageAsk => ({ cursor: cursor ?? null, limit });

function listed<Name extends string, Item>(name: Name, { items, next }: Page<Item>) {
  return { [name]: items, next } as { readonly [Member in Name]: readonly Item[] } & Pick<Page<Item>, "next">;
}

/** What each operation of the admin API asks of the keeper. */
export const OPERATIONS: OperationHandlers = {
  me: async (_request, { keeper, site, operator }) => ({
    name: operator.name,
    role: operator.role,
    publicUrl: site.publicUrl,
    nowMs: keeper.nowMs(),
    health: await keeper.health(),
  }),

  readQuarantine: (_request, { keeper }) => keeper.quarantine.view(),
  releaseQuarantine: ({ body }, { keeper, by }) => keeper.quarantine.release(body.as, by),

  listKeys: (_request, { keeper }) => keeper.keys.list(),
  rotateKey: ({ body }, { keeper, by }) => keeper.keys.rotate(body.to, by),
  retireKey: ({ params }, { keeper, by }) => keeper.keys.retire(params.id, by),

  readAudit: async ({ query }, { keeper }) => await keeper.audit.page(from(query)),
  verifyAudit: (_request, { keeper }) => keeper.audit.verify(),

  listProviders: async (_request, { keeper }) => ({ providers: keeper.apps.providers() }),
  listApps: async ({ query }, { keeper }) => listed("apps", await keeper.apps.page(from(query))),
  addApp: ({ body }, { keeper, by }) => keeper.apps.add({ ...body, clientSecret: secretOrNull(body.clientSecret), by }),
  addAppSecret: ({ params, body }, { keeper, by }) =>
    keeper.apps.addSecret(params.name, new Secret(body.clientSecret), by),
  setAppScopes: ({ params, body }, { keeper, by }) => keeper.apps.setScopes(params.name, body.scopes, by),

  listConnections: async ({ query }, { keeper }) => listed("connections", await keeper.connections.page(from(query))),
  createConnection: ({ body }, { keeper, by }) => keeper.connections.create({ ...body, by }),
  readConnection: ({ params }, { keeper }) => keeper.connections.byName(params.name),
  removeConnection: ({ params }, { keeper, by }) => keeper.connections.remove(params.name, by),
  disableConnection: ({ params }, { keeper, by }) => keeper.connections.setDisabled(params.name, true, by),
  enableConnection: ({ params }, { keeper, by }) => keeper.connections.setDisabled(params.name, false, by),
  setWarmHours: ({ params, body }, { keeper, by }) =>
    keeper.connections.setWarm(params.name, body.kind === "idle" ? null : body, by),
  checkConnection: ({ params }, { keeper }) => keeper.connections.checkHealth(params.name),
  readStory: ({ params, query }, { keeper }) => keeper.connections.story(params.name, query.limit),

  readRemoval: ({ params }, { keeper }) => keeper.connections.removal(params.name),
  revokeGrant: ({ params, body }, { keeper, by }) =>
    keeper.connections.revoke(params.name, { connections: body.connections, by }),

  eraseGrant: ({ params, body }, { keeper, by }) => keeper.connections.erase(params.name, { ...body, by }),

  createConsentLink: async ({ params, body }, { keeper, by }) =>
    withQrCode(await keeper.consents.createLink({ connection: params.name, accept: body.accept, by })),
  readReconsentLink: async ({ params }, { keeper }) => withQrCode(await keeper.consents.reconsentLink(params.name)),
  revokeConsentLinks: async ({ params }, { keeper, by }) => {
    await keeper.consents.revokeLinks(params.name, by);
    return undefined;
  },
  readConsentHistory: async ({ params, query }, { keeper }) =>
    listed("consents", await keeper.consents.history(params.name, from(query))),
  beginPastedConsent: ({ params }, { keeper, by }) => keeper.consents.beginPasted(params.name, by),
  pasteCallback: ({ params, body }, { keeper }) =>
    keeper.consents.receivePasted(params.id as ConsentId, new Secret(body.address)),
  listConsents: async ({ query }, { keeper }) => listed("consents", await keeper.consents.held(from(query))),
  decideConsent: ({ params, body }, { keeper, by }) =>
    keeper.consents.decide(params.id as ConsentId, { accept: body.accept, by }),

  listRecipients: async (_request, { keeper }) => ({ recipients: await keeper.notices.recipients() }),
  addRecipient: async ({ body }, { keeper, by }) => {
    const { recipient, secret } = await keeper.notices.addRecipient({ ...body, by });
    return { recipient, secret: secret?.reveal() ?? null };
  },
  removeRecipient: async ({ params }, { keeper, by }) => {
    await keeper.notices.removeRecipient(params.id as RecipientId, by);
    return undefined;
  },
  addRecipientSecret: async ({ params }, { keeper, by }) => {
    const { secret } = await keeper.notices.addSecret(params.id as RecipientId, by);
    return { secret: secret.reveal() };
  },
  disableRecipient: ({ params }, { keeper, by }) => keeper.notices.setDisabled(params.id as RecipientId, true, by),
  enableRecipient: ({ params }, { keeper, by }) => keeper.notices.setDisabled(params.id as RecipientId, false, by),
  listDeliveries: async ({ query }, { keeper }) => ({
    ...listed("deliveries", await keeper.notices.deliveries(query.status ?? null, from(query))),
    counts: await keeper.notices.counts(),
  }),
  replayNotices: async ({ body }, { keeper, by }) => ({ replayed: await keeper.notices.replay(body.deliveries, by) }),
  importTokens: async ({ body }, { keeper, by }) => {
    const tokens = body.tokens.map((token) => ({ ...token, refreshToken: new Secret(token.refreshToken) }));
    if (!body.checkOnly) return { imports: await keeper.imports.begin(tokens, by) };
    await keeper.imports.check(tokens);
    return { imports: [] };
  },
  readImport: ({ params }, { keeper }) => keeper.imports.read(params.id as ConsentId),

  listOperators: async ({ query }, { keeper }) => listed("operators", await keeper.operators.page(from(query))),
  addOperator: async ({ body }, { keeper, by }) => {
    const { operator, operatorKey } = await keeper.operators.add({ ...body, by });
    return { operator, operatorKey: operatorKey?.reveal() ?? null };
  },
  setOperatorRole: ({ params, body }, { keeper, by }) => keeper.operators.setRole(params.name, body.role, by),
  setOperatorIdentity: ({ params, body }, { keeper, by }) =>
    keeper.operators.setIdentity(params.name, body.identity, by),
  addOperatorKey: async ({ params, body }, { keeper, by }) => {
    const expiresAtMs = body?.expiresAtMs ?? null;
    const { operatorKey } = await keeper.operators.addKey(params.name, { expiresAtMs, by });
    return { operatorKey: operatorKey.reveal() };
  },
  removeOperatorKey: ({ params }, { keeper, by }) => keeper.operators.removeKey(params.name, params.key, by),
  disableOperator: ({ params }, { keeper, by }) => keeper.operators.setDisabled(params.name, true, by),
  enableOperator: ({ params }, { keeper, by }) => keeper.operators.setDisabled(params.name, false, by),

  listCallers: async ({ query }, { keeper }) => listed("callers", await keeper.callers.page(from(query))),
  addCaller: async ({ body }, { keeper, by }) => {
    const { caller, clientSecret } = await keeper.callers.add({ ...body, by });
    return { caller, clientId: caller.id, clientSecret: clientSecret.reveal() };
  },
  addSecretlessCaller: ({ body }, { keeper, by }) => keeper.callers.addSecretless({ ...body, by }),
  addCallerSecret: async ({ params, body }, { keeper, by }) => {
    const expiresAtMs = body?.expiresAtMs ?? null;
    const { clientSecret } = await keeper.callers.addSecret(params.id as CallerId, { expiresAtMs, by });
    return { clientSecret: clientSecret.reveal() };
  },
  removeCallerSecret: ({ params }, { keeper, by }) =>
    keeper.callers.removeSecret(params.id as CallerId, params.secret, by),
  setCallerAuthentication: ({ params, body }, { keeper, by }) =>
    keeper.callers.setAuthentication(params.id as CallerId, body, by),
  setCallerPermissions: ({ params, body }, { keeper, by }) =>
    keeper.callers.setPermissions(params.id as CallerId, body.permissions, by),
  disableCaller: ({ params }, { keeper, by }) => keeper.callers.setDisabled(params.id as CallerId, true, by),
  enableCaller: ({ params }, { keeper, by }) => keeper.callers.setDisabled(params.id as CallerId, false, by),
};
