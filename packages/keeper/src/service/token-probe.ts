import { type GrantId, remainingMs, type Secret, type TokenVersionId } from "@evergrant/core";
import type { ApiRules } from "../ports/provider.ts";
import type { ProbeAnswer } from "../ports/provider-api.ts";
import { meaningOf } from "./api-account.ts";
import type { App } from "./app-directory.ts";
import { digest } from "./digest.ts";
import { endpointsOfGrant } from "./homes.ts";
import type { LiveToken, LiveTokens } from "./live-tokens.ts";
import type { ServiceContext } from "./service-context.ts";
import { SingleFlight } from "./single-flight.ts";
import { within } from "./waiting.ts";

/** What the provider's API makes of an access token; `not-told` where it cannot be asked, or said neither. */
export type TokenVerdict = "accepted" | "refused" | "not-told";

interface Heard {
  readonly version: TokenVersionId;
  readonly verdict: TokenVerdict;
  readonly atMs: number;
}

/** So long one answer of the API counts for each grant: whoever comes with evidence makes nobody ask more often. */
const ASKED_AGAIN_MS = 60_000;

/** Asks the provider's API about tokens that somebody says it refuses. Only its answer counts, never the claim. */
export class TokenProbe {
  readonly #context: ServiceContext;
  readonly #live: LiveTokens;
  readonly #heard = new Map<GrantId, Heard>();
  /** Somebody met a refusal that is no fault of the token. */
  readonly #onAccepted: (grant: GrantId) => void;
  readonly #asking = new SingleFlight<GrantId, TokenVerdict>();

  constructor(context: ServiceContext, live: LiveTokens, onAccepted: (grant: GrantId) => void) {
    this.#context = context;
    this.#live = live;
    this.#onAccepted = onAccepted;
  }

  /** The version that the API was heard to refuse; null where there is none. Whoever asks, it is not handed out again. */
  refused(grant: GrantId): TokenVersionId | null {
    const heard = this.#heard.get(grant);
    return heard?.verdict === "refused" ? heard.version : null;
  }

  /** Looks into the claim that a token was refused, if it is about the token in hand; waits for as long as a caller would. */
  async hear(claim: { readonly grant: GrantId; readonly app: App; readonly refusedSha256: string }): Promise<void> {
    const { grant, app } = claim;
    const { activity, limits, report } = this.#context;
    const token = this.#live.get(grant);
    if (token === undefined || digest(token.secret) !== claim.refusedSha256) return;
    if (this.refused(grant) === token.facts.version) return this.#replaceable(grant, token.facts.version);
    if (!this.#mayAsk(grant)) return;
    const asking = this.#asking.run(grant, () => activity.during(() => this.#ask(grant, app, token)));
    asking.catch((error: unknown) => report({ what: "probe", subject: grant, error }));
    await within(this.#context, limits.callerWaitMs, asking).catch(() => "not-told");
  }

  /** What the API says of one token of a grant, now. */
  async verdict(app: App, grant: GrantId, accessToken: Secret): Promise<TokenVerdict> {
    // An API elsewhere would refuse it, however good it is, and is not to see it.
    const endpoints = await endpointsOfGrant(this.#context, app, grant);
    if (endpoints === null) return "not-told";
    const answer = await this.#context.providerApi.probe(app.provider, endpoints, accessToken);
    return verdictOf(app.provider.api, answer);
  }

  // Whoever comes while the API is being asked shares the answer; the token that replaced a refused one is asked about no sooner.
  #mayAsk(grant: GrantId): boolean {
    const heard = this.#heard.get(grant);
    if (heard === undefined || this.#asking.running(grant) !== undefined) return true;
    return this.#context.time.wallMs() - heard.atMs >= ASKED_AGAIN_MS;
  }

  #replaceable(grant: GrantId, version: TokenVersionId): void {
    this.#live.markRefused(grant, { version, atMs: this.#context.time.wallMs() }, ASKED_AGAIN_MS);
  }

  async #ask(grant: GrantId, app: App, token: LiveToken): Promise<TokenVerdict> {
    const { clock, store, time } = this.#context;
    const { version } = token.facts;
    const atMs = time.wallMs();
    // One that ran out needs no probe to be replaced.
    if (remainingMs(token.facts, clock.latestMs(), app.timing) <= 0) return "not-told";
    this.#heard.set(grant, { version, verdict: "not-told", atMs });
    const verdict = await this.verdict(app, grant, token.secret);
    this.#heard.set(grant, { version, verdict, atMs });
    if (verdict === "accepted") this.#onAccepted(grant);
    if (verdict !== "refused") return verdict;
    this.#replaceable(grant, version);
    const subject = { kind: "grant", id: grant } as const;
    const facts = { version, expiresAtMs: token.facts.expiresAtMs };
    await store.audit.write({
      audit: [{ event: "access-token-refused", subject, atMs, by: "keeper", facts }],
      notices: [],
    });
    return verdict;
  }
}

/** A missing scope or an organisation that is gone is no fault of the token; nor is a limit that was met, or an API that is down. */
function verdictOf(rules: ApiRules, answer: ProbeAnswer): TokenVerdict {
  if (answer.kind === "unreachable") return "not-told";
  const { status, challenge, said } = answer;
  if (status >= 200 && status < 300) return "accepted";
  const headers = { "www-authenticate": challenge ?? undefined };
  const meaning = meaningOf(rules, { status, headers }, said);
  if (meaning === "scope-missing" || meaning === "tenant-refused") return "accepted";
  if (status === 401 || meaning === "token-expired") return "refused";
  return status === 403 ? "accepted" : "not-told";
}
