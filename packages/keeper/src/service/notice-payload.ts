import type { Delivery } from "../ports/notice-store.ts";
import type { NoticeWords } from "./notice-words.ts";

/**
 * A notice as a webhook gets it (Standard Webhooks, "Payload structure"). Its id is that of the delivery: a repeat bears the same,
 * so that a receiver can leave it out.
 */
export function noticePayload(delivery: Delivery, words: NoticeWords): { readonly id: string; readonly body: string } {
  const { notice, atMs, connections, title, sentences, action } = words;
  const body = {
    type: `notice.${notice.replaceAll("-", "_")}`,
    timestamp: new Date(atMs).toISOString(),
    data: {
      notice,
      connections,
      title,
      text: sentences.join(" "),
      link: action?.url ?? null,
      facts: delivery.notice.facts,
    },
  };
  return { id: `nt_${delivery.notice.sequence}_${delivery.id}`, body: JSON.stringify(body) };
}
