import {
  type AttemptId,
  type Chain,
  type ChainId,
  DEFAULT_LIMITS,
  type GrantId,
  type GrantState,
  NO_LEASE,
  type NodeId,
  newToken,
  Secret,
  type SpendableToken,
  type TokenVersionId,
  timing,
} from "@evergrant/core";
import type { StoredGrant, TokenVersion } from "@evergrant/keeper/parts";
import type { AuditorView } from "../checkers/checker.ts";
import type { Happening, HistoryEvent } from "../world/history.ts";
import { MODES, policyOf } from "../world/modes.ts";

export const GRANT = "gr_1" as GrantId;
export const CHAIN = "ch_1" as ChainId;
export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;

/** For tests: events of a history written by hand, one minute apart unless told otherwise. */
export function history(...happenings: readonly (Happening & { readonly atMs?: number })[]): readonly HistoryEvent[] {
  return happenings.map((happening, index) => ({ atMs: (index + 1) * MINUTE_MS, ...happening }));
}

export function aToken(name: string, facts: Partial<SpendableToken> = {}): SpendableToken {
  return { ...newToken(`tv_${name}` as TokenVersionId, 0), ...facts };
}

export function aChain(
  facts: { head?: string; generation?: number; id?: string; attempt?: string | null; suspect?: boolean } = {},
): Chain {
  const { head = "head", generation = 0, id = CHAIN, attempt = null, suspect = false } = facts;
  return {
    id: id as ChainId,
    generation,
    renewal: {
      kind: "refresh-token",
      head: aToken(head),
      previous: null,
      candidates: [],
      suspect: suspect ? { parentFirstSentAtMs: 0, parentLastSentAtMs: 0 } : null,
    },
    access: null,
    attempt:
      attempt === null
        ? null
        : {
            id: attempt as AttemptId,
            node: "node-0" as NodeId,
            token: `tv_${head}` as TokenVersionId,
            startedAtMs: 0,
            endedAtMs: null,
            because: "hot",
          },
    trouble: null,
    renewedAtMs: 0,
    usedAtMs: null,
    jitter: 0,
    warned: null,
  };
}

export const live = (chain: Chain = aChain()): GrantState => ({ kind: "live", chain });
export const inCourt = (chain: Chain = aChain()): GrantState => ({
  kind: "in-court",
  chain,
  court: { openedAtMs: 0, confirmations: 0, lastTryAtMs: 0 },
});
export const lost = (chain: Chain = aChain()): GrantState => ({
  kind: "consent-needed",
  chain,
  reason: "refused-by-provider",
  sinceMs: 0,
});

export function stored(
  before: GrantState,
  after: GrantState,
  more: {
    event?: string;
    facts?: Readonly<Record<string, unknown>>;
    tokens?: readonly TokenVersion[];
    grant?: string;
    audits?: number;
  } = {},
): Happening {
  const grant = (more.grant ?? GRANT) as GrantId;
  const entry = { event: more.event ?? "something", facts: more.facts ?? {} };
  return {
    kind: "stored",
    node: "node-0",
    grant,
    before,
    after,
    leaseBefore: NO_LEASE,
    lease: NO_LEASE,
    audit: Array.from({ length: more.audits ?? 1 }, () => entry),
    notices: [],
    tokens: more.tokens ?? [],
    stored: { id: grant } as StoredGrant,
  };
}

export function requested(request: number, presents: string, node = "node-0"): Happening {
  return { kind: "requested", request, node, life: 1, grantType: "refresh_token", presents };
}

export function journaledAnswer(attempt: string): Happening {
  return {
    kind: "journaled",
    node: "node-0",
    record: {
      kind: "answer",
      attempt: attempt as AttemptId,
      subject: { kind: "grant", grant: GRANT, chain: CHAIN, generation: 0, token: null },
      status: 200,
      body: new Secret('{"access_token":"a","refresh_token":"r"}'),
      atMs: 0,
    },
  };
}

export function served(facts: Partial<Extract<Happening, { kind: "served" }>> = {}): Happening {
  return {
    kind: "served",
    node: "node-0",
    connection: "acme",
    grant: GRANT,
    accessToken: "access",
    expiresInMs: MINUTE_MS,
    owner: "jane",
    disabledSinceMs: null,
    misled: false,
    ...facts,
  };
}

/** An auditor to whom all is well, but for what a test says. */
export function view(facts: Partial<AuditorView> = {}): AuditorView {
  const mode = MODES["closing-grace"];
  const verdict = timing(policyOf(mode, "xero"), DEFAULT_LIMITS);
  if (verdict.kind === "impossible") throw new Error(verdict.reasons.join(" "));
  return {
    mode,
    timing: verdict.timing,
    nodes: 1,
    acceptedTokens: () => [],
    holdsAcceptedToken: () => true,
    excuseFor: () => null,
    wasGood: () => true,
    isWanted: () => true,
    grants: () => [GRANT],
    accessFacts: () => ({ person: "jane", expiresAtMs: 1_000 * HOUR_MS }),
    chainOf: () => CHAIN,
    parentOf: () => null,
    versionOf: () => ({ grant: GRANT, chain: CHAIN, version: "tv_head" as TokenVersionId }),
    isDurable: () => true,
    brokenAuditRecord: () => null,
    leaks: () => [],
    ...facts,
  };
}
