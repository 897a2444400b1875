import type { Problem } from "@evergrant/contract";
import { ERRORS, EvergrantError } from "@evergrant/core";
import { CommanderError } from "commander";

/** 0: done. 1: refused. 2: the command line was wrong. */
export type ExitCode = 0 | 1 | 2;

/** The command line, or what came over standard input, cannot be used as it is. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** A running node said no. */
export class NodeRefusal extends Error {
  override readonly name = "NodeRefusal";
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.title);
    this.problem = problem;
  }
}

/** Somebody else said no: a token endpoint or the provider's API. What it said has been printed or is in the message. */
export class ForeignRefusal extends Error {
  override readonly name = "ForeignRefusal";
  readonly code: string;
  readonly status: number;

  constructor(code: string, status: number, message: string) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/** A refusal as it is told: one sentence for people, the same as data for scripts. */
export interface ToldFailure {
  readonly exitCode: ExitCode;
  readonly text: string;
  readonly json: {
    readonly error: {
      readonly code: string;
      readonly message: string;
      readonly detail?: string;
      readonly status?: number;
    };
  };
}

/** What to say about an error, and how to end. Never a stack. */
export function tellFailure(error: unknown): ToldFailure {
  if (error instanceof UsageError) return told(2, { code: "usage", message: error.message });
  if (error instanceof CommanderError) {
    const message = error.message.replace(/^error: /, "");
    return told(error.exitCode === 0 ? 0 : 2, { code: "usage", message });
  }
  if (error instanceof EvergrantError) {
    const { code, detail } = error;
    return told(1, { code, message: ERRORS[code].message, ...(detail === null ? {} : { detail }) });
  }
  if (error instanceof NodeRefusal) return tellRefusal(error.problem);
  if (error instanceof ForeignRefusal) {
    const { code, message, status } = error;
    return told(1, { code, message, status });
  }
  if (isSandboxError(error)) return told(1, { code: error.code, message: error.message });
  const message =
    error instanceof Error ? `${error.name}: ${error.message}` : "something that is not an error was thrown";
  return told(1, { code: "internal_error", message });
}

// By its name: most commands do not load the sandbox.
function isSandboxError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && error.name === "SandboxError" && "code" in error && typeof error.code === "string";
}

function tellRefusal({ code, title, detail, errors, status }: Problem): ToldFailure {
  const fields = (errors ?? []).map(({ path, message }) => (path === "" ? message : `${path}: ${message}`));
  const details = [...(detail === undefined ? [] : [detail]), ...fields].join("; ");
  return told(1, { code, message: title, ...(details === "" ? {} : { detail: details }), status });
}

function told(exitCode: ExitCode, error: ToldFailure["json"]["error"]): ToldFailure {
  const { code, message, detail } = error;
  const more = detail === undefined ? "" : ` (${detail})`;
  return {
    exitCode,
    text: code === "usage" ? `error: ${message}` : `error: ${message}${more} [${code}]`,
    json: { error },
  };
}
