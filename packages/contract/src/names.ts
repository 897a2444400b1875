import { z } from "zod";

/** Names of connections and apps: they stand in URLs, so nothing in them needs encoding. */
export const NAME_PATTERN = /^[a-z0-9][a-z0-9-]{0,62}$/;

export const nameSchema = z
  .string()
  .regex(NAME_PATTERN, "must be 1 to 63 characters of a-z, 0-9 and -, beginning with a letter or digit");

/** An id that Evergrant drew itself: opaque, URL-safe. */
export const idSchema = z.string().regex(/^[A-Za-z0-9_-]{1,80}$/, "must be an id as Evergrant gave it");

/** What a caller may do with one connection. */
export const RIGHTS = ["token", "gateway", "forward", "observe", "consent"] as const;
export const rightSchema = z.enum(RIGHTS);
export type Right = z.infer<typeof rightSchema>;

/** Milliseconds since the epoch, on Evergrant's clock. */
export const instantMsSchema = z.number().nonnegative();
