import { addedScopes, grantKey } from "./consent.ts";
import { issuePair, type TokenSet } from "./issue-tokens.ts";
import { revokeFamiliesOf, revokeFamily } from "./revoke.ts";
import type { App, Code, Family } from "./rows.ts";
import type { Turn } from "./turn.ts";

export interface CodeRequest {
  readonly app: App;
  readonly code: string;
  readonly redirectUri: string | null;
  /** Base64url SHA-256 of the verifier that was sent, or null if none was. */
  readonly verifierChallenge: string | null;
}

export type CodeRefusal =
  | "unknown"
  | "wrong-client"
  | "replayed"
  | "expired"
  | "redirect-mismatch"
  | "pkce-missing"
  | "pkce-mismatch"
  | "pkce-unexpected";

export type CodeOutcome =
  | { readonly kind: "issued"; readonly tokens: TokenSet; readonly nonce: string | null }
  | { readonly kind: CodeRefusal };

/** The authorization-code grant (RFC 6749 §4.1.3, RFC 7636 §4.6): a code gives tokens once. */
export function redeemCode(turn: Turn, request: CodeRequest): CodeOutcome {
  const code = turn.draft.get("codes", turn.mint.hash(request.code));
  if (code === undefined) return { kind: "unknown" };
  const refusal = refusalOf(turn, code, request);
  if (refusal === "replayed") endReplayed(turn, code);
  if (refusal !== null) return { kind: refusal };
  const family = startFamily(turn, code);
  turn.draft.put("codes", code.hash, { ...code, usedAtMs: turn.nowMs, familyId: family.id });
  return { kind: "issued", tokens: issuePair(turn, family, null), nonce: code.nonce };
}

function refusalOf(turn: Turn, code: Code, request: CodeRequest): CodeRefusal | null {
  if (code.clientId !== request.app.clientId) return "wrong-client";
  if (code.usedAtMs !== null) return "replayed";
  if (turn.nowMs >= code.expiresAtMs) return "expired";
  if (code.redirectUri !== request.redirectUri) return "redirect-mismatch";
  if (request.app.kind === "web" && turn.switches.pkce_confidential === "ignore") return null;
  if (code.challenge === null) return request.verifierChallenge === null ? null : "pkce-unexpected";
  if (request.verifierChallenge === null) return "pkce-missing";
  return code.challenge === request.verifierChallenge ? null : "pkce-mismatch";
}

function startFamily(turn: Turn, code: Code): Family {
  const key = grantKey(code.clientId, code.userId);
  const known = turn.draft.get("grants", key);
  const scopes = addedScopes(known, code.scopes);
  if (turn.switches.second_consent_kills_first) revokeFamiliesOf(turn, key, "second-consent");
  turn.draft.put("grants", key, {
    id: key,
    clientId: code.clientId,
    userId: code.userId,
    createdAtMs: known?.createdAtMs ?? turn.nowMs,
    scopes,
  });
  const family: Family = {
    id: turn.mint.uuid(turn.label("family")),
    grantId: key,
    clientId: code.clientId,
    userId: code.userId,
    scopes,
    authEventId: code.authEventId,
    authTimeMs: code.authTimeMs,
    sessionId: code.sessionId,
    createdAtMs: turn.nowMs,
    revokedAtMs: null,
    revokedReason: null,
    accessEnded: false,
  };
  turn.draft.put("families", family.id, family);
  return family;
}

function endReplayed(turn: Turn, code: Code): void {
  const family = code.familyId === null ? undefined : turn.draft.get("families", code.familyId);
  if (family !== undefined && turn.switches["code.replay"] === "revoke-family")
    revokeFamily(turn, family, "code-replay");
}
