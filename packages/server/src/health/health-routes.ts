import type { Liveness, Readiness } from "@evergrant/contract";
import type { Keeper } from "@evergrant/keeper";
import type { FastifyInstance } from "fastify";
import { serve } from "../http/serve.ts";

/** `/healthz`: the process lives. `/readyz`: valid tokens can be handed out; whether new ones can be got is told apart. */
export async function healthRoutes(app: FastifyInstance, face: { readonly keeper: Keeper }): Promise<void> {
  serve(app, {
    url: "/healthz",
    handlers: { GET: async (_request, reply) => reply.send({ status: "ok" } satisfies Liveness) },
  });
  serve(app, {
    url: "/readyz",
    handlers: {
      GET: async (_request, reply) => {
        const { serving, refreshing, detail } = await face.keeper.health();
        return reply.code(serving ? 200 : 503).send({ serving, refreshing, detail } satisfies Readiness);
      },
    },
  });
}
