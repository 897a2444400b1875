import { DEFAULT_LIMITS, type NodeId, Secret } from "@evergrant/core";
import { MovableTime } from "../../../../tests/kit/movable-time.ts";
import { realChance } from "../real-time.ts";
import { makeKeyCheck } from "../sealing/key-check.ts";
import { formatKeyRingEntry, parseKeyRing } from "../sealing/key-ring.ts";
import { keySealer } from "../sealing/key-sealer.ts";
import { Activity } from "../service/activity.ts";
import { digest } from "../service/digest.ts";
import { OperatorDirectory } from "../service/operator-directory.ts";
import { SessionDesk } from "../service/operator-sessions.ts";
import { OperatorDesk } from "../service/operators.ts";
import type { ServiceContext } from "../service/service-context.ts";
import { memoryDatabase } from "../stores/memory/memory-store.ts";
import { leaving } from "./leaving-store.ts";

const LEAVING = ["operators", "sessions", "idempotency", "audit"] as const;

export const FIRST_KEY = new Secret("evk_of-the-first-start");

/** Operators at several nodes over one store, on a moved clock. */
export function anOperatorsWorld() {
  const time = new MovableTime();
  const database = memoryDatabase({ time });
  const away = { now: false };
  const failures: string[] = [];
  const chance = realChance();
  const ring = parseKeyRing(formatKeyRingEntry("kek-1", new Uint8Array(32).fill(7)));
  const sealer = keySealer({ ring, deployment: "dp_1", keyCheck: makeKeyCheck(ring, "dp_1", chance), chance });
  const deployment = { operatorKeySha256: digest(FIRST_KEY), createdAtMs: time.wallMs() };
  const nodeAt = (name: string) => {
    const context = {
      ...{
        store: leaving(database.storeOf(name as NodeId), LEAVING, away),
        time,
        chance,
        limits: DEFAULT_LIMITS,
        sealer,
      },
      ...{ node: name as NodeId, activity: new Activity(() => undefined) },
      report: ({ what }: { readonly what: string }) => void failures.push(what),
    } as unknown as ServiceContext;
    const operators = new OperatorDesk(context, new OperatorDirectory(context, deployment));
    return { context, operators, sessions: new SessionDesk(context, operators) };
  };
  // Everything the database holds, as JSON can show it.
  const snapshot = () => database.snapshot().tables.map((table) => [...table.entries()]);
  return { ...nodeAt("node-a"), time, away, failures, nodeAt, store: database.storeOf("looking" as NodeId), snapshot };
}
