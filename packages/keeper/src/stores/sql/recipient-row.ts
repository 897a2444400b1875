import type { StoredRecipient } from "../../ports/notice-store.ts";
import { jsonColumn } from "./json-column.ts";
import type { NoticeRecipientTable } from "./tables.ts";

type Row = Omit<NoticeRecipientTable, "due_at_ms" | "busy_until_ms" | "turn" | "last_sent_at_ms">;

/** A recipient as a row, without its turns. */
export function recipientRowOf(recipient: StoredRecipient): Row {
  return {
    id: recipient.id,
    channel: recipient.channel,
    address: recipient.address,
    connection_id: recipient.connection,
    only: recipient.only === null ? null : jsonColumn.write(recipient.only),
    data_key: recipient.dataKey,
    secrets: jsonColumn.write(recipient.secrets),
    disabled_at_ms: recipient.disabledAtMs,
    created_at_ms: recipient.createdAtMs,
  };
}

export function recipientOf(row: Row): StoredRecipient {
  return {
    id: row.id,
    channel: row.channel,
    address: row.address,
    connection: row.connection_id,
    only: row.only === null ? null : jsonColumn.read(row.only),
    dataKey: row.data_key,
    secrets: jsonColumn.read(row.secrets),
    disabledAtMs: row.disabled_at_ms,
    createdAtMs: row.created_at_ms,
  };
}
