import { type ConnectionId, DEFAULT_LIMITS, EvergrantError, type NodeId, Secret } from "@evergrant/core";
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from "jose";
import { MovableTime } from "../../../../tests/kit/movable-time.ts";
import { assertionVerifier } from "../assertions/assertion-verifier.ts";
import { type CallerAuthentication, SECRET_ALONE } from "../ports/caller-store.ts";
import type { Store } from "../ports/store.ts";
import { realChance, realTime } from "../real-time.ts";
import type { CallerView } from "../service/access.ts";
import { Activity } from "../service/activity.ts";
import { CallerDesk } from "../service/callers.ts";
import type { ConnectionDirectory } from "../service/connection-directory.ts";
import type { ServiceContext } from "../service/service-context.ts";
import { memoryDatabase } from "../stores/memory/memory-store.ts";

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
    const store = leaving(database.storeOf(name as NodeId), away);
    const context = {
      ...{ store, time, chance: realChance(), limits: DEFAULT_LIMITS, node: name as NodeId },
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

// A store that can be away: every call is refused then.
function leaving(store: Store, away: { readonly now: boolean }): Store {
  const guarded = <Port extends object>(port: Port): Port =>
    new Proxy(port, {
      get: (target, name, receiver) => {
        if (away.now) return () => Promise.reject(new EvergrantError("store_unavailable"));
        return Reflect.get(target, name, receiver) as unknown;
      },
    });
  return { ...store, callers: guarded(store.callers), assertions: guarded(store.assertions) };
}

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
