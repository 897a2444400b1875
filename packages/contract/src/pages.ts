import { z } from "zod";

const PAGE_LIMIT = 200;

/** Where the next page begins: opaque, as the page before it said; null after the last. */
export const cursorSchema = z.string().nullable();

/** The member of every list's answer that says where its next page begins. */
export const listPage = { next: cursorSchema.default(null) };

/** The query of a list: `limit` (default 100, at most 200) and `cursor`, as the page before said it. */
export function pageQuery<Shape extends z.ZodRawShape>(more: Shape) {
  return z.strictObject({
    ...more,
    limit: z.coerce.number().int().min(1).max(PAGE_LIMIT).default(100),
    cursor: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,200}$/, "must be a cursor as a page gave it")
      .optional(),
  });
}
