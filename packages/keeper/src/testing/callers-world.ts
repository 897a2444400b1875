import { type ConnectionId, DEFAULT_LIMITS, EvergrantError, type NodeId, Secret } from "@evergrant/core";
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from "jose";
import { MovableTime } from "../../../../tests/kit/movable-time.ts";
import { assertionVerifier } from "../assertions/assertion-verifier.ts";
import { type CallerAuthentication, SECRET_ALONE } from "../ports/caller-store.ts";
import { realChance, realTime } from "../real-time.ts";
import type { CallerView } from "../service/access.ts";
import { Activity } from "../service/activity.ts";
import { CallerDesk } from "../service/callers.ts";
import type { ConnectionDirectory } from "../service/connection-directory.ts";
import { NodeClock } from "../service/node-clock.ts";
import type { ServiceContext } from "../service/service-context.ts";
import { memoryDatabase } from "../stores/memory/memory-store.ts";
import { leaving } from "./leaving-store.ts";

export const AUDIENCE = "https://tokens.example/connections/acme";

/** Callers at several nodes over one store, on a moved clock. */
export function aCallersWorld() {
  const time = new MovableTime();
  const database = memoryDatabase({ time });
  const away = { now: false };
  const verifier = assertionVerifier({
    ...{ time, sockets: realTime(), limits: DEFAULT_LIMITS, folder: "/nowhere", networks: [] },
  });
  const nodeAt = (name: string): CallerDesk => {
    const store = leaving(database.storeOf(name as NodeId), ["callers", "assertions"], away);
    const context = {
      ...{ store, time, chance: realChance(), limits: DEFAULT_LIMITS, node: name as NodeId },
      clock: new NodeClock(time, DEFAULT_LIMITS),
      ...{ assertions: verifier, activity: new Activity(() => undefined) },
    };
    const connections = { idOf: () => "cn_1" as ConnectionId, get: () => ({ name: "acme" }) };
    return new CallerDesk(context as unknown as ServiceContext, connections as unknown as ConnectionDirectory);
  };
  const callers = nodeAt("node-a");
  return {
    ...{ time, away, verifier, nodeAt, callers, store: database.storeOf("looking" as NodeId) },
    add: (authentication: Partial<CallerAuthentication> = {}) =>
      callers.add({ ...NEW, authentication: { ...SECRET_ALONE, ...authentication } }),
    addSecretless: (authentication: Partial<CallerAuthentication>): Promise<CallerView> =>
      callers.addSecretless({ ...NEW, authentication: { ...SECRET_ALONE, ...authentication } }),
    [Symbol.asyncDispose]: async () => {
      await callers.stop();
      await verifier.close();
    },
  };
}

const NEW = {
  ...{ name: "night-job", by: "test" },
  permissions: [{ connection: "acme", right: "token" as const }],
};

/** Somebody who signs: a caller, or a platform. */
export interface Signer {
  readonly publicKey: JWK;
  sign(claims: JWTPayload, header?: object): Promise<Secret>;
}

export async function aSigner(algorithm = "ES256", kid = "key-1"): Promise<Signer> {
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true });
  return {
    publicKey: { ...(await exportJWK(publicKey)), kid },
    sign: async (claims, header = {}) =>
      new Secret(await new SignJWT(claims).setProtectedHeader({ alg: algorithm, kid, ...header }).sign(privateKey)),
  };
}

/** The code of a refusal; whatever else comes of it is told. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  return await work.then(
    () => "admitted",
    (error: unknown) => (error instanceof EvergrantError ? error.code : String(error)),
  );
}
