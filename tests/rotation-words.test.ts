import { GRACE_CLOSINGS, GRACE_RETRIES, ROTATION_KINDS } from "@evergrant/core";
import { PROVIDERS } from "@evergrant/keeper";
import { SWITCHES, xero } from "@evergrant/sandbox/engine";
import { expect, test } from "vitest";

// The sandbox shares no code with the keeper, so that it can judge it; the words for what a provider does are declared on both sides.
test("keeper and sandbox use the same words for rotation", () => {
  expect(wordsOf("rotation")).toEqual([...ROTATION_KINDS].sort());
  expect(wordsOf("grace.retry")).toEqual([...GRACE_RETRIES].sort());
  expect(wordsOf("grace.closes_when")).toEqual([...GRACE_CLOSINGS].sort());
});

test("what the keeper believes of Xero's documented times is what the sandbox does", () => {
  const policy = PROVIDERS.get("xero")?.policy;
  expect(policy?.rotation).toMatchObject({ kind: xero.rotation, seconds: xero["grace.seconds"] });
  expect(policy?.accessLifeMs).toBe(xero["access_token.ttl_seconds"] * 1000);
  expect(policy?.idleLifeMs).toBe(xero["refresh.idle_ttl_seconds"] * 1000);
});

function wordsOf(name: keyof typeof SWITCHES): readonly unknown[] {
  const { accepts } = SWITCHES[name];
  return accepts.kind === "one-of" ? [...accepts.values].sort() : [];
}
