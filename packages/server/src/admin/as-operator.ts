import { EvergrantError, type OperatorRole, roleSuffices } from "@evergrant/core";
import type { Keeper, OperatorPrincipal } from "@evergrant/keeper";
import type { FastifyRequest } from "fastify";
import { refusalOf } from "../http/refusal.ts";
import type { RequestNote } from "./request-note.ts";

export interface OperatorAsk {
  readonly keeper: Keeper;
  readonly request: FastifyRequest;
  /** What is asked for, and the least role that may. */
  readonly operation: string;
  readonly role: OperatorRole;
  readonly note: RequestNote;
}

/**
 * Does what an operator asks for, where their role reaches that far; the audit is told of it, and of a refusal.
 * @throws operator_key_invalid · operator_role_too_small, and whatever the work itself throws
 */
export async function asOperator<Sent>(
  { keeper, request, operation, role, note }: OperatorAsk,
  work: (operator: OperatorPrincipal) => Promise<{ readonly status: number; readonly sent: Sent }>,
): Promise<{ readonly status: number; readonly sent: Sent }> {
  const { operator } = request;
  if (operator === null) throw new EvergrantError("operator_key_invalid");
  try {
    if (!roleSuffices(operator.role, role))
      throw new EvergrantError("operator_role_too_small", {
        detail: `${operation} takes the role ${role}; ${operator.name} is ${operator.role}`,
      });
    const done = await work(operator);
    await keeper.operators.noteRequest(operator, note.answered(done.status));
    return done;
  } catch (error) {
    await keeper.operators.noteRequest(operator, note.refused(refusalOf(error).refusal));
    throw error;
  }
}
