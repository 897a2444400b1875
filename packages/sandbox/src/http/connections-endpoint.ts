import type { FastifyInstance, FastifyRequest } from "fastify";
import {
  type Connection,
  checkAccess,
  deleteConnection,
  type LedgerView,
  listConnections,
  type Turn,
} from "../engine/index.ts";
import type { World } from "../world.ts";
import { emptyAnswer, jsonAnswer, uncached } from "./answer.ts";
import { apiRefusal } from "./api-refusal.ts";
import { type Bearer, bearerOf } from "./bearer.ts";
import { carryOut, type Done } from "./exchange.ts";
import { queryOf } from "./form-body.ts";
import { whoseAccess } from "./whose.ts";

/** `GET /connections` and `DELETE /connections/{id}`. */
export function addConnectionsEndpoint(server: FastifyInstance, world: World): void {
  const config = { xeroHost: "api" };
  server.get("/connections", { config }, async (request, reply) => {
    const bearer = await bearerOf(world, request);
    const work = () => unkept(world, list(world, bearer.accessTokenId, queryOf(request.url).get("authEventId")));
    return carryOut(world, { request, reply }, { ...exchangeOf(bearer), work });
  });
  server.delete("/connections/:id", { config }, async (request: FastifyRequest<{ Params: { id: string } }>, reply) => {
    const bearer = await bearerOf(world, request);
    const work = () => unkept(world, remove(world, bearer.accessTokenId, request.params.id.toLowerCase()));
    return carryOut(world, { request, reply }, { ...exchangeOf(bearer), work });
  });
}

const exchangeOf = ({ accessTokenId, clientId }: Bearer) => ({
  endpoint: "connections",
  grantType: null,
  clientId,
  whose: (turn: Turn) => whoseAccess(turn, accessTokenId, null),
});

const unkept = (world: World, done: Done): Done => ({
  ...done,
  answer: { ...done.answer, headers: { ...done.answer.headers, ...uncached(world.clock.nowMs()) } },
});

function list(world: World, accessTokenId: string | null, authEventId: string | null): Done {
  return world.engine.run(world.clock.nowMs(), (turn) => {
    const checked = checkAccess(turn, accessTokenId);
    if (checked.kind !== "ok")
      return {
        answer: apiRefusal(checked, turn.switches, world.nextCorrelationId()),
        outcome: checked.kind,
        committed: false,
      };
    const connections = listConnections(turn, checked.access, authEventId === "" ? null : authEventId);
    if (typeof connections === "string") {
      const refused = { kind: connections, access: checked.access };
      return {
        answer: apiRefusal(refused, turn.switches, world.nextCorrelationId()),
        outcome: refused.kind,
        committed: false,
      };
    }
    return {
      answer: jsonAnswer(
        200,
        connections.map((connection) => shape(turn.draft, connection)),
      ),
      outcome: "ok",
      committed: false,
    };
  });
}

function remove(world: World, accessTokenId: string | null, id: string): Done {
  return world.engine.run(world.clock.nowMs(), (turn) => {
    const checked = checkAccess(turn, accessTokenId);
    if (checked.kind !== "ok")
      return {
        answer: apiRefusal(checked, turn.switches, world.nextCorrelationId()),
        outcome: checked.kind,
        committed: false,
      };
    const outcome = deleteConnection(turn, checked.access, id);
    switch (outcome) {
      case "deleted":
        return { answer: emptyAnswer(204), outcome, committed: true };
      case "not-found":
        return { answer: emptyAnswer(404), outcome, committed: false };
      case "wrong-kind-of-id":
        return {
          answer: apiRefusal(
            { kind: "tenant-refused", access: checked.access },
            turn.switches,
            world.nextCorrelationId(),
          ),
          outcome,
          committed: false,
        };
    }
  });
}

const shape = (view: LedgerView, connection: Connection) => ({
  id: connection.id,
  authEventId: connection.authEventId,
  tenantId: connection.tenantId,
  tenantType: "ORGANISATION",
  tenantName: view.get("organisations", connection.tenantId)?.name ?? null,
  createdDateUtc: sevenDigits(connection.createdAtMs),
  updatedDateUtc: sevenDigits(connection.updatedAtMs),
});

/** Xero's form: UTC, seven fraction digits, no zone mark. */
const sevenDigits = (ms: number): string => `${new Date(ms).toISOString().slice(0, -1)}0000`;
