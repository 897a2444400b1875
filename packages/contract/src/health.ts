import { z } from "zod";

/** `GET /healthz`: the process lives. */
export const livenessSchema = z.object({ status: z.literal("ok") });
export type Liveness = z.infer<typeof livenessSchema>;

/** `GET /readyz`: 200 while valid tokens can be handed out (new ones can be had, or one at least is still good), else 503. */
export const readinessSchema = z.object({
  serving: z.boolean(),
  /** New attempts can be started: store and journal take writes, and the store is not in quarantine. */
  refreshing: z.boolean(),
  /** Why not, in one sentence; null while all is well. */
  detail: z.string().nullable(),
});
export type Readiness = z.infer<typeof readinessSchema>;
