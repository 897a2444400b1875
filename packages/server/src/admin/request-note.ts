import type { Operation } from "@evergrant/contract";
import type { EvergrantError } from "@evergrant/core";
import type { OperatorRequest } from "@evergrant/keeper";

/** What the audit is told of one request: what was asked for, of what, and what came of it. Nothing else of a request gets there. */
export interface RequestNote {
  isAbout(asked: { readonly params: unknown; readonly body: unknown }): void;
  answered(status: number): OperatorRequest;
  refused(refusal: EvergrantError): OperatorRequest;
}

export function requestNote(operation: string, method: Operation["method"]): RequestNote {
  const kind = method === "GET" ? "look" : "change";
  let target = "";
  return {
    isAbout: ({ params, body }) => {
      target = named(params) ?? named(body) ?? "";
    },
    answered: (status) => ({ operation, target, kind, status, code: null }),
    refused: ({ code, facts }) => ({ operation, target, kind, status: facts.status, code }),
  };
}

// Checked by the schema of its operation already: a name or an id, never free text.
function named(value: unknown): string | null {
  if (typeof value !== "object" || value === null) return null;
  const { name, id } = value as { readonly name?: unknown; readonly id?: unknown };
  return typeof name === "string" ? name : typeof id === "string" ? id : null;
}
