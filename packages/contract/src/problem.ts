import { z } from "zod";

/** A refusal of the admin API (RFC 9457), `application/problem+json`. */
export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  /** Stable; see docs/errors.md. */
  code: z.string(),
  detail: z.string().optional(),
  requestId: z.string().optional(),
  /** What is wrong with which field of the request. */
  errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
});
export type Problem = z.infer<typeof problemSchema>;
