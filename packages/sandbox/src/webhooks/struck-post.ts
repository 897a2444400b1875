import type { Fault } from "../faults.ts";
import { waitRealMs } from "../real-time.ts";
import { postWebhook, type WebhookAnswer, type WebhookPost } from "./post-webhook.ts";

/** Posts, with the fault that hits the post: lost on its way or on its way back, late, cut, twice, or answered otherwise. */
export async function postUnder(fault: Fault | null, post: WebhookPost, closing: AbortSignal): Promise<WebhookAnswer> {
  if (fault === null) return postWebhook(post, closing);
  const { action, point } = fault;
  switch (action.kind) {
    case "drop":
      if (point !== "before-commit") await postWebhook(post, closing);
      return null;
    case "stall":
      await waitRealMs(action.ms, closing);
      return postWebhook(post, closing);
    case "status":
      await postWebhook(post, closing);
      return { status: action.status, bare: true };
    case "malformed-json":
      return postWebhook({ ...post, body: post.body.slice(0, Math.floor(post.body.length / 2)) }, closing);
    case "duplicate":
      await postWebhook(post, closing);
      return postWebhook(post, closing);
    // The table of faults lets none of these come near a post.
    case "reset":
    case "html":
    case "answer":
    case "content-type":
    case "drip":
      return postWebhook(post, closing);
  }
}
