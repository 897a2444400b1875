import {
  type CHANNELS,
  type CONNECTION_STATUSES,
  type HOLD_REASONS,
  type NOTICE_NAMES,
  type OPERATOR_ROLES,
  type OUTAGE_EVENTS,
  type QUARANTINE_REASONS,
  type RIGHTS,
  TOKEN_ERRORS,
  type OutagePromise as WireOutagePromise,
} from "@evergrant/contract";
import {
  ERRORS,
  type ErrorFacts,
  type HoldReason,
  type NoticeName,
  type OperatorRole,
  type OutageEvent,
  type OutagePromise,
  type QuarantineReason,
} from "@evergrant/core";
import type { Channel, ConnectionStatus, Right } from "@evergrant/keeper";
import { expect, it } from "vitest";

type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;

it("the contract says the same words as keeper and core, which it must not import", () => {
  const same: [
    Same<(typeof RIGHTS)[number], Right>,
    Same<(typeof CONNECTION_STATUSES)[number], ConnectionStatus>,
    Same<(typeof HOLD_REASONS)[number], HoldReason>,
    Same<(typeof QUARANTINE_REASONS)[number], QuarantineReason>,
    Same<(typeof OUTAGE_EVENTS)[number], OutageEvent>,
    Same<(typeof OPERATOR_ROLES)[number], OperatorRole>,
    Same<WireOutagePromise, OutagePromise>,
    Same<(typeof NOTICE_NAMES)[number], NoticeName>,
    Same<(typeof CHANNELS)[number], Channel>,
  ] = [true, true, true, true, true, true, true, true, true];
  expect(same).not.toContain(false);
  const oauth = Object.values<ErrorFacts>(ERRORS).flatMap((facts) => (facts.oauth === undefined ? [] : [facts.oauth]));
  expect([...new Set(oauth)].filter((error) => !(TOKEN_ERRORS as readonly string[]).includes(error))).toEqual([]);
});
