import { type CreateName, IDEMPOTENCY_KEY_PATTERN } from "@evergrant/contract";
import { EvergrantError, Secret } from "@evergrant/core";
import type { Keeper, OperatorPrincipal } from "@evergrant/keeper";
import type { FastifyReply } from "fastify";
import { connectionsOf } from "./connections-of.ts";

export interface AskedCreate {
  readonly name: CreateName;
  readonly asked: { readonly params: unknown; readonly body: unknown };
  readonly operator: OperatorPrincipal;
  /** The header `Idempotency-Key`, where there is one. */
  readonly key: string | readonly string[] | undefined;
  readonly answer: () => Promise<unknown>;
}

/**
 * Carries out a create; under a key that was used before it is the first answer that is sent.
 * @throws idempotency_key_invalid and what `IdempotentCreates` throws
 */
export async function createdOnce(keeper: Keeper, create: AskedCreate, reply: FastifyReply): Promise<unknown> {
  const { name, asked, operator, key, answer } = create;
  if (key === undefined) return await answer();
  if (typeof key !== "string" || !IDEMPOTENCY_KEY_PATTERN.test(key))
    throw new EvergrantError("idempotency_key_invalid");
  // As the schemas read it: spaces and the order of members are not another request.
  const request = new Secret(JSON.stringify([name, asked.params, asked.body ?? null]));
  const made = await keeper.creates.once(
    { operator: operator.id, key, request, connections: connectionsOf(name, asked) },
    async () => new Secret(JSON.stringify(await answer())),
  );
  if (made.repeated) reply.header("idempotency-replayed", "true");
  return JSON.parse(made.answer.reveal()) as unknown;
}
