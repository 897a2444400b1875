import {
  type AssertionVerdict,
  type CallerId,
  type Claims,
  EvergrantError,
  isWithin,
  judgeClientAssertion,
  judgeWorkload,
  type Network,
  parseNetwork,
  type RequestBucket,
  ruleOf,
  type Secret,
  takeRequest,
} from "@evergrant/core";
import type { SignerKeys, Verification } from "../ports/assertion-verifier.ts";
import type { StoredCaller } from "../ports/caller-store.ts";
import type { CallerCredential, CallerPrincipal } from "./access.ts";
import type { CallerDirectory } from "./caller-directory.ts";
import { keysOfWorkload } from "./caller-settings.ts";
import type { CallerUses } from "./caller-uses.ts";
import { digest, sameDigest } from "./digest.ts";
import { jwtClaims, textClaim } from "./jwt-claims.ts";
import type { ServiceContext } from "./service-context.ts";
import type { UsedAssertions } from "./used-assertions.ts";

/** Two live at once, so that one can be replaced without a gap. */
export const SECRETS_AT_MOST = 2;
const NOBODY = "0".repeat(64);

type AssertionCredential = Extract<CallerCredential, { readonly kind: "assertion" }>;

export interface CallerGateParts {
  readonly directory: CallerDirectory;
  readonly uses: CallerUses;
  readonly used: UsedAssertions;
}

/** Who a request is from. By a secret: in memory alone. By an assertion: with keys that are kept, and one insert where it works once. */
export class CallerGate {
  readonly #context: ServiceContext;
  readonly #parts: CallerGateParts;
  readonly #buckets = new Map<CallerId, RequestBucket>();
  readonly #networks = new WeakMap<readonly string[], readonly Network[]>();

  constructor(context: ServiceContext, parts: CallerGateParts) {
    this.#context = context;
    this.#parts = parts;
  }

  async authenticate(credential: CallerCredential, from: string | null): Promise<CallerPrincipal> {
    switch (credential.kind) {
      case "secret":
        return this.#bySecret(credential.clientId, credential.secret, from);
      case "assertion":
        return await this.#byAssertion(credential, from);
    }
  }

  #bySecret(clientId: string, secret: Secret, from: string | null): CallerPrincipal {
    const caller = this.#parts.directory.get(clientId);
    const fitting = this.#fittingSecret(caller, secret);
    // Before the verdict on the secret: whoever holds a stolen one does not learn in another network that it is right.
    const known = this.#known(caller, from);
    if (fitting === null) throw new EvergrantError("caller_authentication_failed");
    this.#pace(known);
    return this.#admitted(known, fitting);
  }

  // As much is compared for everybody, also for unknown callers, so that the time of the answer tells nothing.
  #fittingSecret(caller: StoredCaller | undefined, secret: Secret): string | null {
    const nowMs = this.#context.time.wallMs();
    const presented = digest(secret);
    const secrets = caller?.secrets ?? [];
    let fitting: string | null = null;
    for (let index = 0; index < SECRETS_AT_MOST; index += 1) {
      const known = secrets[index];
      const same = sameDigest(known?.sha256 ?? NOBODY, presented);
      if (same && known !== undefined && (known.expiresAtMs === null || known.expiresAtMs > nowMs)) fitting = known.id;
    }
    return fitting;
  }

  async #byAssertion(credential: AssertionCredential, from: string | null): Promise<CallerPrincipal> {
    const said = jwtClaims(credential.assertion);
    const clientId = credential.clientId ?? ownName(said);
    if (clientId === null) throw new EvergrantError("request_malformed", { detail: "client_id is missing" });
    const caller = this.#known(this.#parts.directory.get(clientId), from);
    // Its own word: signed with a key of the caller, and used once.
    if (said["iss"] === clientId) return await this.#byOwnKey(caller, credential);
    await this.#byWorkload(caller, credential, said);
    this.#pace(caller);
    return this.#admitted(caller, "workload");
  }

  async #byOwnKey(caller: StoredCaller, { assertion, audience }: AssertionCredential): Promise<CallerPrincipal> {
    const { keys } = caller.authentication;
    if (keys === null) throw new EvergrantError("caller_authentication_failed");
    const { limits } = this.#context;
    const { claims, type } = signed(await this.#verify(assertion, keys));
    if (type !== null && !OWN_TYPES.has(type)) throw refused("typ is that of another kind of token");
    const expected = { clientId: caller.id, audience, lifeMs: limits.assertionLifeMs };
    const verdict = judgeClientAssertion(claims, expected, this.#clock());
    if (verdict.kind === "bad") throw refused(verdict.reason);
    this.#pace(caller);
    if (!(await this.#parts.used.claim(caller.id, verdict))) throw new EvergrantError("caller_assertion_replayed");
    return this.#admitted(caller, "keys");
  }

  async #byWorkload(caller: StoredCaller, { assertion }: AssertionCredential, said: Claims): Promise<void> {
    let failure = new EvergrantError("caller_authentication_failed");
    for (const workload of caller.authentication.workloads.filter(({ issuer }) => issuer === said["iss"])) {
      const verification = await this.#verify(assertion, keysOfWorkload(workload));
      const verdict = judged(verification, (claims) => judgeWorkload(claims, ruleOf(workload), this.#clock()));
      if (verdict === null) return;
      // What was found out of a signed one says more than that another's keys are away.
      if (failure.code !== "caller_assertion_refused") failure = verdict;
    }
    throw failure;
  }

  /** A caller that is there, is not disabled, and may call from there. */
  #known(caller: StoredCaller | undefined, from: string | null): StoredCaller {
    if (caller === undefined || caller.disabledAtMs !== null) throw new EvergrantError("caller_authentication_failed");
    const { networks } = caller.authentication;
    if (networks !== null && !(from !== null && isWithin(this.#parsed(networks), from)))
      throw new EvergrantError("caller_network_refused", { detail: from ?? "no address" });
    return caller;
  }

  // Counted only for who has shown who it is, so that nobody can use up what is another's.
  #pace({ id, authentication }: StoredCaller): void {
    const { requestsPerMinute } = authentication;
    if (requestsPerMinute === null) return;
    const taken = takeRequest(this.#buckets.get(id), requestsPerMinute, this.#context.time.monotonicMs());
    if (taken.kind === "wait") throw new EvergrantError("caller_too_frequent", { retryAfterMs: taken.retryAfterMs });
    this.#buckets.set(id, taken.bucket);
  }

  #admitted(caller: StoredCaller, credential: string): CallerPrincipal {
    this.#parts.uses.note(caller.id, credential);
    return this.#parts.directory.principal(caller);
  }

  #verify(assertion: Secret, keys: SignerKeys): Promise<Verification> {
    return this.#context.assertions.verify(assertion, keys);
  }

  #clock() {
    return { nowMs: this.#context.clock.calendarMs(), skewMs: this.#context.limits.clockSkewMs };
  }

  #parsed(networks: readonly string[]): readonly Network[] {
    const known = this.#networks.get(networks) ?? networks.flatMap((network) => parseNetwork(network) ?? []);
    this.#networks.set(networks, known);
    return known;
  }
}

// The name by which RFC 7523's update wants such a token to be told from others, and what has been usual.
const OWN_TYPES: ReadonlySet<string> = new Set(["jwt", "client-authentication+jwt"]);

/** Who a caller's own assertion says that it is from; null for one that somebody else signs. */
function ownName(said: Claims): string | null {
  const subject = textClaim(said, "sub");
  return said["iss"] === subject ? subject : null;
}

function signed(verification: Verification): Extract<Verification, { readonly kind: "signed" }> {
  switch (verification.kind) {
    case "signed":
      return verification;
    case "not-signed":
      throw new EvergrantError("caller_authentication_failed");
    case "no-keys":
      throw new EvergrantError("caller_keys_unavailable", { detail: verification.reason });
  }
}

/** Null where an assertion is good, else why it is not. */
function judged(verification: Verification, judge: (claims: Claims) => AssertionVerdict): EvergrantError | null {
  switch (verification.kind) {
    case "signed": {
      const verdict = judge(verification.claims);
      return verdict.kind === "good" ? null : refused(verdict.reason);
    }
    case "not-signed":
      return new EvergrantError("caller_authentication_failed");
    case "no-keys":
      return new EvergrantError("caller_keys_unavailable", { detail: verification.reason });
  }
}

const refused = (reason: string): EvergrantError => new EvergrantError("caller_assertion_refused", { detail: reason });
