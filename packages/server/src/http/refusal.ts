import { type ErrorCode, EvergrantError } from "@evergrant/core";

/** What is wrong with one field of a request. */
export interface FieldProblem {
  readonly path: string;
  readonly message: string;
}

/** A request of the wrong shape, with what is wrong where. */
export class InputInvalid extends EvergrantError {
  readonly problems: readonly FieldProblem[];

  constructor(problems: readonly FieldProblem[]) {
    super("input_invalid");
    this.problems = problems;
  }
}

/** What the framework refuses by itself, in our words. */
const FRAMEWORK_CODES: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: "body_too_large",
  FST_ERR_CTP_INVALID_MEDIA_TYPE: "media_type_unsupported",
  FST_ERR_CTP_INVALID_JSON_BODY: "input_invalid",
  FST_ERR_CTP_EMPTY_JSON_BODY: "input_invalid",
  FST_ERR_BAD_URL: "route_unknown",
  FST_ERR_MAX_PARAM_LENGTH: "route_unknown",
  FST_ERR_NOT_FOUND: "route_unknown",
};

export type Refused =
  | { readonly kind: "refusal"; readonly refusal: EvergrantError }
  | { readonly kind: "failure"; readonly refusal: EvergrantError };

/** Everything that can be thrown becomes a refusal of the catalogue; what nobody foresaw becomes `internal_error`. */
export function refusalOf(error: unknown): Refused {
  if (error instanceof EvergrantError) return { kind: "refusal", refusal: error };
  const { code, statusCode } = frameworkFacts(error);
  const known = FRAMEWORK_CODES[code];
  if (known !== undefined) return { kind: "refusal", refusal: new EvergrantError(known) };
  if (code.startsWith("FST_ERR_") && statusCode >= 400 && statusCode < 500)
    return { kind: "refusal", refusal: new EvergrantError("request_malformed") };
  return { kind: "failure", refusal: new EvergrantError("internal_error") };
}

function frameworkFacts(error: unknown): { code: string; statusCode: number } {
  if (!(error instanceof Error)) return { code: "", statusCode: 0 };
  const code: unknown = "code" in error ? error.code : "";
  const statusCode: unknown = "statusCode" in error ? error.statusCode : 0;
  return { code: typeof code === "string" ? code : "", statusCode: typeof statusCode === "number" ? statusCode : 0 };
}
