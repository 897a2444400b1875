import { type LimitRefusal, limitRefusal, makeRoom } from "./app-limits.ts";
import {
  type App,
  type Code,
  type Connection,
  type Grant,
  type Login,
  mayConnect,
  type Organisation,
  type Role,
} from "./rows.ts";
import { isIdentityScope } from "./scopes.ts";
import type { Turn } from "./turn.ts";

/** One organisation on the consent page. */
export interface Choice {
  readonly organisation: Organisation;
  readonly role: Role;
  readonly connected: boolean;
  readonly mayConnect: boolean;
}

/** The organisations a person belongs to, and what they may do with each for this app. */
export function consentChoices(turn: Turn, app: App, userId: string): readonly Choice[] {
  return [...turn.draft.all("memberships")]
    .filter((membership) => membership.userId === userId)
    .flatMap((membership) => {
      const organisation = turn.draft.get("organisations", membership.organisationId);
      if (organisation === undefined) return [];
      const connected = liveConnection(turn, app.clientId, userId, organisation.id) !== undefined;
      return [{ organisation, role: membership.role, connected, mayConnect: mayConnect[membership.role] }];
    })
    .sort((a, b) => a.organisation.name.localeCompare(b.organisation.name));
}

export interface ConsentRequest {
  readonly app: App;
  readonly login: Login;
  readonly redirectUri: string;
  readonly scopes: readonly string[];
  readonly challenge: string | null;
  readonly nonce: string | null;
  /** The organisations to connect: one, or several in bulk; null: go on with those connected already. */
  readonly organisationIds: readonly string[] | null;
}

export type ConsentRefusal = "not-a-member" | "role-may-not-connect" | "nothing-connected" | LimitRefusal;

export type ConsentOutcome =
  | { readonly kind: "code"; readonly code: string }
  | { readonly kind: "refused"; readonly reason: ConsentRefusal };

/** A person says yes: the connections come to life (or are renewed) and a code is issued; or nothing happens. */
export function consent(turn: Turn, request: ConsentRequest): ConsentOutcome {
  const chosen = chosenTenants(turn, request);
  if (typeof chosen === "string") return { kind: "refused", reason: chosen };
  const { app, login } = request;
  const authEventId = turn.mint.uuid(turn.label("auth-event"));
  for (const tenantId of chosen) connect(turn, app, { userId: login.userId, tenantId, authEventId });
  return { kind: "code", code: issueCode(turn, request, authEventId) };
}

function chosenTenants(
  turn: Turn,
  { app, login, organisationIds }: ConsentRequest,
): readonly string[] | ConsentRefusal {
  const choices = consentChoices(turn, app, login.userId);
  if (organisationIds === null) {
    const connected = choices.filter((choice) => choice.connected).map((choice) => choice.organisation.id);
    return connected.length === 0 ? "nothing-connected" : connected;
  }
  const chosen = organisationIds.map((id) => choices.find((choice) => choice.organisation.id === id));
  if (chosen.length === 0 || chosen.includes(undefined)) return "not-a-member";
  if (chosen.some((choice) => choice?.mayConnect === false)) return "role-may-not-connect";
  const added = chosen.flatMap((choice) => (choice?.connected === false ? [choice.organisation.id] : []));
  return limitRefusal(turn, app, added) ?? organisationIds;
}

/** Consented scopes are additive; the identity scopes are those of this pass alone, because they shape the answer. */
export const addedScopes = (grant: Grant | undefined, asked: readonly string[]): readonly string[] => [
  ...new Set([...asked, ...(grant?.scopes ?? []).filter((scope) => !isIdentityScope(scope))]),
];

export const grantKey = (clientId: string, userId: string): string => `${clientId}:${userId}`;

export function liveConnection(turn: Turn, clientId: string, userId: string, tenantId: string): Connection | undefined {
  return turn.draft
    .connectionsOf(userId)
    .find((each) => each.endedAtMs === null && each.clientId === clientId && each.tenantId === tenantId);
}

function connect(
  turn: Turn,
  app: App,
  wanted: { readonly userId: string; readonly tenantId: string; readonly authEventId: string },
): void {
  const live = liveConnection(turn, app.clientId, wanted.userId, wanted.tenantId);
  if (live !== undefined) {
    const authEventId = turn.switches.auth_event_id_on_reconnect === "new" ? wanted.authEventId : live.authEventId;
    turn.draft.put("connections", live.id, { ...live, authEventId, updatedAtMs: turn.nowMs });
    return;
  }
  makeRoom(turn, app, wanted.tenantId);
  const id = turn.mint.uuid(turn.label("connection"));
  turn.draft.put("connections", id, {
    ...wanted,
    clientId: app.clientId,
    id,
    createdAtMs: turn.nowMs,
    updatedAtMs: turn.nowMs,
    endedAtMs: null,
    endedReason: null,
  });
}

function issueCode(turn: Turn, request: ConsentRequest, authEventId: string): string {
  const code = turn.mint.secret(turn.label("code"));
  const row: Code = {
    hash: turn.mint.hash(code),
    clientId: request.app.clientId,
    userId: request.login.userId,
    redirectUri: request.redirectUri,
    scopes: request.scopes,
    challenge: request.challenge,
    nonce: request.nonce,
    authEventId,
    authTimeMs: request.login.authTimeMs,
    sessionId: request.login.sessionId,
    issuedAtMs: turn.nowMs,
    expiresAtMs: turn.nowMs + turn.switches["code.ttl_seconds"] * 1000,
    usedAtMs: null,
    familyId: null,
  };
  turn.draft.put("codes", row.hash, row);
  return code;
}
