import type { z } from "zod";
import type { FieldProblem } from "../http/refusal.ts";

const PROBLEMS_MAX = 20;

/** What is wrong with a request, field by field. Names what was expected, and never quotes a value: it may be a secret. */
export function fieldProblems(place: "path" | "query" | "body", error: z.ZodError): readonly FieldProblem[] {
  return error.issues.slice(0, PROBLEMS_MAX).map((issue) => ({
    path: [place, ...issue.path.map(String)].join("."),
    message: problemWords(issue),
  }));
}

function problemWords(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "unrecognized_keys":
      return `unknown field: ${issue.keys
        .slice(0, 5)
        .map((key) => key.slice(0, 40))
        .join(", ")}`;
    case "invalid_type":
      return `must be ${issue.expected}`;
    case "too_big":
      return `must be at most ${issue.maximum} long`;
    case "too_small":
      return `must be at least ${issue.minimum} long`;
    case "invalid_value":
      return `must be ${issue.values.map((value) => JSON.stringify(value)).join(" or ")}`;
    case "invalid_format":
      return issue.message;
    default:
      return "is not valid";
  }
}
