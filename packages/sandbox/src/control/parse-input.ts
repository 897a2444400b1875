import type { z } from "zod";
import { SandboxError } from "../errors.ts";

/** Checks an input; throws `bad_request` with what is wrong and where. */
export function parseInput<S extends z.ZodType>(schema: S, input: unknown): z.output<S> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues
    .slice(0, 5)
    .map((issue) => (issue.path.length === 0 ? issue.message : `${issue.path.join(".")}: ${issue.message}`));
  throw new SandboxError("bad_request", `${issues.join("; ")}.`);
}
