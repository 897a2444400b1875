/** The claims of a JWT whose signature was checked, and nothing else yet. */
export type Claims = Readonly<Record<string, unknown>>;

/** Whose word is taken for a caller's: a workload's identity, as its platform asserts it. Everything is compared character for character. */
export interface WorkloadRule {
  readonly issuer: string;
  readonly audience: string;
  /** Claims that the assertion must have, with these very values. */
  readonly claims: Readonly<Record<string, string>>;
}

export interface AssertionClock {
  readonly nowMs: number;
  /** Clocks may differ by this much. */
  readonly skewMs: number;
}

export type AssertionVerdict =
  | { readonly kind: "good"; readonly id: string; readonly expiresAtMs: number }
  | { readonly kind: "bad"; readonly reason: string };

/**
 * Judges the claims of a caller's own assertion (RFC 7523 §3, and its update, by which `aud` is our issuer's identifier as a
 * text and nothing beside it). `lifeMs` is the longest life that it may have.
 */
export function judgeClientAssertion(
  claims: Claims,
  expected: { readonly clientId: string; readonly audience: string; readonly lifeMs: number },
  clock: AssertionClock,
): AssertionVerdict {
  const { clientId, audience, lifeMs } = expected;
  if (claims["iss"] !== clientId || claims["sub"] !== clientId) return bad("iss and sub have to be the client id");
  if (claims["aud"] !== audience) return bad(`aud has to be ${audience}, as a text and alone`);
  const { jti } = claims;
  if (typeof jti !== "string" || jti.length === 0 || jti.length > LONGEST_ID)
    return bad(`jti has to be a text of at most ${LONGEST_ID} characters`);
  const life = judgeLife(claims, clock);
  if (life.kind === "bad") return life;
  // Without iat the life that is left counts; with it, nobody signs for later.
  const fromMs = life.issuedAtMs ?? clock.nowMs + clock.skewMs;
  if (life.expiresAtMs - fromMs > lifeMs) return bad(`it may live for at most ${lifeMs / 1000} seconds`);
  return { kind: "good", id: jti, expiresAtMs: life.expiresAtMs };
}

/** Judges the claims of a workload's identity. It may be used again for as long as it lives. */
export function judgeWorkload(claims: Claims, rule: WorkloadRule, clock: AssertionClock): AssertionVerdict {
  if (claims["iss"] !== rule.issuer) return bad("iss is not the issuer of the rule");
  const { aud } = claims;
  const audience = Array.isArray(aud) && aud.length === 1 ? (aud[0] as unknown) : aud;
  if (audience !== rule.audience) return bad("aud is not the audience of the rule, alone");
  const other = Object.entries(rule.claims).find(([name, value]) => claims[name] !== value);
  if (other !== undefined) return bad(`${other[0]} is not that of the rule`);
  const life = judgeLife(claims, clock);
  return life.kind === "bad" ? life : { kind: "good", id: "", expiresAtMs: life.expiresAtMs };
}

const LONGEST_ID = 256;

type Life =
  | { readonly kind: "lives"; readonly expiresAtMs: number; readonly issuedAtMs: number | null }
  | { readonly kind: "bad"; readonly reason: string };

function judgeLife({ exp, nbf, iat }: Claims, { nowMs, skewMs }: AssertionClock): Life {
  if (!isSeconds(exp)) return bad("exp has to be a number of seconds");
  if (exp * 1000 <= nowMs - skewMs) return bad("it has expired");
  for (const [name, value] of [["nbf", nbf] as const, ["iat", iat] as const]) {
    if (value === undefined) continue;
    if (!isSeconds(value)) return bad(`${name} has to be a number of seconds`);
    if (value * 1000 > nowMs + skewMs) return bad(`${name} lies in the future`);
  }
  return { kind: "lives", expiresAtMs: exp * 1000, issuedAtMs: isSeconds(iat) ? iat * 1000 : null };
}

const isSeconds = (value: unknown): value is number =>
  typeof value === "number" && Number.isFinite(value) && value >= 0 && value < 1e11;

const bad = (reason: string): { readonly kind: "bad"; readonly reason: string } => ({ kind: "bad", reason });
