import { ADMIN_API_PREFIX, type ObservedConnection, observedConnectionSchema } from "@evergrant/contract";
import { type ConnectionId, EvergrantError } from "@evergrant/core";
import type { CallerPrincipal, ConnectionView, Keeper } from "@evergrant/keeper";
import type { FastifyInstance } from "fastify";
import { basicCaller } from "../http/basic-caller.ts";
import { sendCallRefusal } from "../http/passed-call.ts";
import { refusing } from "../http/refusing.ts";
import type { RequestLog } from "../http/request-log.ts";
import { serve } from "../http/serve.ts";

export interface StatusFace {
  readonly keeper: Keeper;
  readonly log: RequestLog;
}

/** `GET /api/v1/connections/{name}/status`: how a connection stands, for callers with `observe`. Never a token. */
export async function statusRoutes(app: FastifyInstance, face: StatusFace): Promise<void> {
  app.setErrorHandler(refusing(sendCallRefusal, face.log));
  serve(app, {
    url: `${ADMIN_API_PREFIX}/connections/:name/status`,
    handlers: {
      GET: async (request, reply) => {
        const { name = "" } = request.params as { readonly name?: string };
        const caller = await basicCaller(face.keeper, request);
        requireObserver(face.keeper, caller, name);
        return reply.send(observedConnectionSchema.parse(observed(await face.keeper.connections.byName(name))));
      },
    },
  });
}

const NO_CONNECTION = "" as ConnectionId;

// An unknown connection is asked about like any other, so that neither words nor time tell it from a forbidden one.
function requireObserver(keeper: Keeper, caller: CallerPrincipal, name: string): void {
  const known = keeper.connections.idOf(name);
  const permitted = caller.may("observe", known ?? NO_CONNECTION);
  if (known === undefined || !permitted) throw new EvergrantError("connection_not_available");
}

// What other connections stand on the grant, who consented, and what the provider said, is the operator's to know.
function observed(view: ConnectionView): ObservedConnection {
  const { name, status, tenants, missingScopes, lapsesAtMs, renewedAtMs, accessExpiresAtMs, checkedAtMs } = view;
  return {
    ...{ name, status, lapsesAtMs, renewedAtMs, accessExpiresAtMs, checkedAtMs, missingScopes },
    tenants: tenants.map((tenant) => ({
      ...{ id: tenant.id, name: tenant.name, status: tenant.status, sinceMs: tenant.sinceMs },
    })),
    trouble: view.trouble && { kind: view.trouble.kind, sinceMs: view.trouble.sinceMs },
  };
}
