import type { Checker } from "./checker.ts";
import { noFalseDeath } from "./i1-no-false-death.ts";
import { durableKnowledge } from "./i2-durable-knowledge.ts";
import { monotoneHead } from "./i3-monotone-head.ts";
import { singleSpender } from "./i4-single-spender.ts";
import { writeAhead } from "./i5-write-ahead.ts";
import { neverDiscard } from "./i6-never-discard.ts";
import { rightToken } from "./i7-right-token.ts";
import { boundedAmbiguity } from "./i8-bounded-ambiguity.ts";
import { errorIsolation } from "./i9-error-isolation.ts";
import { blastRadius } from "./i10-blast-radius.ts";
import { warningBeforeLapse } from "./i11-warning-before-lapse.ts";
import { liveness } from "./i12-liveness.ts";
import { audit } from "./i13-audit.ts";
import { secrecy } from "./i14-secrecy.ts";
import { stampede } from "./i15-stampede.ts";
import { noCrossChainRevival } from "./i16-no-cross-chain-revival.ts";

/** Every invariant of the refresh protocol, by its id. */
export const CHECKERS: readonly Checker[] = [
  noFalseDeath,
  durableKnowledge,
  monotoneHead,
  singleSpender,
  writeAhead,
  neverDiscard,
  rightToken,
  boundedAmbiguity,
  errorIsolation,
  blastRadius,
  warningBeforeLapse,
  liveness,
  audit,
  secrecy,
  stampede,
  noCrossChainRevival,
];
