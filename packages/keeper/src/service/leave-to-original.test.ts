import {
  type AppId,
  type ConsentId,
  DEFAULT_LIMITS,
  firstChain,
  type GrantId,
  type LeaseOwner,
  type NodeId,
  timing,
} from "@evergrant/core";
import { expect, test } from "vitest";
import { PROVIDERS } from "../providers/catalogue.ts";
import { memoryStore } from "../stores/memory/memory-store.ts";
import { app, CHAIN, consent, furnish, grant, NOTHING, RECEIVED } from "../testing/contract/samples.ts";
import { movableTime } from "../testing/contract/store-world.ts";
import type { AppDirectory } from "./app-directory.ts";
import type { GrantViews } from "./grant-views.ts";
import { leaveToOriginal } from "./leave-to-original.ts";
import type { ServiceContext } from "./service-context.ts";

const time = movableTime();
const NODE = "node-a" as NodeId;

function xeroPolicy() {
  const xero = PROVIDERS.get("xero");
  if (xero === undefined) throw new Error("the catalogue has no xero");
  return xero.policy;
}

function left() {
  const store = memoryStore({ time, node: NODE });
  const verdict = timing(xeroPolicy(), DEFAULT_LIMITS);
  if (verdict.kind === "impossible") throw new Error("impossible");
  const apps = { get: async () => ({ timing: verdict.timing }) } as unknown as AppDirectory;
  const view = { nowMs: time.wallMs(), leaseNowMs: time.wallMs(), node: NODE, owner: "lo_1" as LeaseOwner };
  const views = {
    of: () => ({ ...view, usedAtMs: null, waitedForMs: null, massRefusal: false }),
  } as unknown as GrantViews;
  const context = { store, time } as unknown as ServiceContext;
  return { store, leave: () => leaveToOriginal(context, { apps, views }, "operator") };
}

test("every grant that lives by refresh tokens is left, however many there are; the others stay as they are", async () => {
  const { store, leave } = left();
  await furnish(store);
  const many = Array.from({ length: 450 }, (_, n) => `gr_m${String(n).padStart(3, "0")}` as GrantId);
  for (const id of many) await store.grants.create(grant({ id, subject: id, dueAtMs: 5 }), NOTHING);
  const own = firstChain(CHAIN, { renewal: "client-credentials", version: null, access: null, atMs: 1, jitter: 0 });
  const direct = grant({ id: "gr_direct" as GrantId, app: "ap_2" as AppId, state: { kind: "live", chain: own } });
  const unconsented = grant({ id: "gr_new" as GrantId, subject: "new", state: { kind: "unconsented" } });
  await store.apps.create(app({ id: "ap_2" as AppId, name: "direct" }), NOTHING);
  for (const each of [direct, unconsented]) await store.grants.create(each, NOTHING);
  await leave();
  for (const id of many)
    expect(await store.grants.load(id)).toMatchObject({
      state: { kind: "consent-needed", reason: "cloned" },
      dueAtMs: null,
    });
  for (const each of [direct, unconsented]) expect(await store.grants.load(each.id)).toEqual(each);
  // Nobody of the original's people is asked anything by a copy.
  expect(await store.audit.outbox(9)).toEqual([]);
  await leave();
  expect(await store.audit.story({ kind: "grant", id: "gr_m000" as GrantId }, 9)).toHaveLength(1);
});

test("consents that wait for a decision are refused: their tokens are the original's", async () => {
  const { store, leave } = left();
  await furnish(store);
  const held = { kind: "held", atMs: 7, because: ["new-tenant"], ...RECEIVED } as const;
  const waiting = Array.from({ length: 230 }, (_, n) => `co_${n}` as ConsentId);
  for (const id of waiting) await store.consents.create(consent({ id, progress: held }), NOTHING);
  const begun = consent({ id: "co_begun" as ConsentId });
  await store.consents.create(begun, NOTHING);
  await leave();
  expect(await store.consents.held(9)).toEqual([]);
  expect(await store.consents.find("co_7" as ConsentId)).toMatchObject({
    progress: { kind: "refused", by: "operator" },
  });
  expect(await store.consents.find(begun.id)).toEqual(begun);
});
