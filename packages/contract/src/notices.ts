import { z } from "zod";
import { idSchema, instantMsSchema, nameSchema } from "./names.ts";
import { listPage, pageQuery } from "./pages.ts";

export const NOTICE_NAMES = [
  "lapse-coming",
  "consent-needed",
  "app-broken",
  "recovered",
  "tenant-gone",
  "scope-missing",
  "node-degraded",
  "consent-held",
  "quarantine-begun",
  "quarantine-ended",
] as const;
export const CHANNELS = ["email", "webhook"] as const;

const noticeNameSchema = z.enum(NOTICE_NAMES);
const channelSchema = z.enum(CHANNELS);
const deliveryStatusSchema = z.enum(["waiting", "delivered", "dead"]);

/** `POST /notices/recipients`: a mail address, or a URL that takes signed posts. */
export const newRecipientSchema = z.strictObject({
  channel: channelSchema,
  address: z.string().min(1).max(2_000),
  /** Told of this connection alone; null: of everything. */
  connection: nameSchema.nullable().default(null),
  /** Told these alone; null: all. */
  only: z.array(noticeNameSchema).min(1).max(NOTICE_NAMES.length).readonly().nullable().default(null),
});
export type NewRecipient = z.input<typeof newRecipientSchema>;

export const recipientSchema = z.object({
  id: idSchema,
  channel: channelSchema,
  address: z.string(),
  connection: z.string().nullable(),
  only: z.array(noticeNameSchema).readonly().nullable(),
  secrets: z.array(z.object({ id: z.string(), addedAtMs: instantMsSchema })).readonly(),
  disabledAtMs: instantMsSchema.nullable(),
  createdAtMs: instantMsSchema,
});
export type Recipient = z.infer<typeof recipientSchema>;

/** The only answer that shows a webhook's first secret: it is kept sealed. A mail address has none. */
export const addedRecipientSchema = z.object({ recipient: recipientSchema, secret: z.string().nullable() });
export type AddedRecipient = z.infer<typeof addedRecipientSchema>;

/** Posts are signed with it and with the one before. */
export const addedRecipientSecretSchema = z.object({ secret: z.string() });

export const recipientListSchema = z.object({ recipients: z.array(recipientSchema).readonly() });

export const deliveriesQuerySchema = pageQuery({ status: deliveryStatusSchema.optional() });

export const deliverySchema = z.object({
  id: z.number().int(),
  notice: noticeNameSchema,
  recipient: idSchema,
  address: z.string(),
  /** `dead`: given up, until it is replayed. */
  status: deliveryStatusSchema,
  attempts: z.number().int(),
  /** When what it tells happened. */
  atMs: instantMsSchema,
  /** The next try; null where there is none. */
  dueAtMs: instantMsSchema.nullable(),
  error: z.string().nullable(),
  settledAtMs: instantMsSchema.nullable(),
});
export type NoticeDelivery = z.infer<typeof deliverySchema>;

/** Newest first. */
export const deliveryListSchema = z.object({
  deliveries: z.array(deliverySchema).readonly(),
  ...listPage,
  /** `undistributed`: happened, and nobody has been looked up yet who is to be told. */
  counts: z.object({
    undistributed: z.number().int(),
    waiting: z.number().int(),
    dead: z.number().int(),
    oldestWaitingSinceMs: instantMsSchema.nullable(),
  }),
});

/** `POST /notices/replay`: these deliveries once more, or all that were given up. */
export const replaySchema = z.strictObject({
  deliveries: z.union([
    z.literal("dead"),
    z
      .array(
        z
          .number()
          .int()
          .min(1)
          .max(2 ** 48),
      )
      .min(1)
      .max(500)
      .readonly(),
  ]),
});
export type Replay = z.input<typeof replaySchema>;

export const replayedSchema = z.object({ replayed: z.number().int() });
