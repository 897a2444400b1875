import { createHmac } from "node:crypto";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { waitRealMs } from "../real-time.ts";
import { loopbackLookup } from "./loopback.ts";

/** How an app answered a post; null: not at all, or too late. */
export type WebhookAnswer = {
  readonly status: number;
  /** No body and no cookies, as Xero wants it. */
  readonly bare: boolean;
} | null;

export interface WebhookPost {
  readonly url: string;
  readonly body: string;
  /** Base64 of HMAC-SHA-256 over the raw body. */
  readonly signature: string;
}

export const signatureOf = (key: string, body: string): string =>
  createHmac("sha256", key).update(body).digest("base64");

/** Posts to this machine. An answer later than `withinMs` of real time does not count (Xero: 5 s). */
export function postWebhook(post: WebhookPost, closing: AbortSignal, withinMs = 5000): Promise<WebhookAnswer> {
  const { promise, resolve } = Promise.withResolvers<WebhookAnswer>();
  const settled = new AbortController();
  const finish = (answer: WebhookAnswer) => {
    settled.abort();
    resolve(answer);
  };
  const request = post.url.startsWith("https:") ? httpsRequest : httpRequest;
  const sent = request(post.url, {
    method: "POST",
    agent: false,
    lookup: loopbackLookup,
    // A certificate for localhost is its owner's own.
    rejectUnauthorized: false,
    headers: {
      "content-type": "application/json; charset=utf-8",
      "content-length": Buffer.byteLength(post.body),
      "x-xero-signature": post.signature,
    },
  });
  sent.on("response", (answer) => {
    const status = answer.statusCode ?? 0;
    const cookies = answer.headers["set-cookie"] !== undefined;
    answer.once("data", () => {
      finish({ status, bare: false });
      sent.destroy();
    });
    answer.once("end", () => finish({ status, bare: !cookies }));
    answer.once("error", () => finish(null));
  });
  sent.on("error", () => finish(null));
  void waitRealMs(withinMs, AbortSignal.any([closing, settled.signal])).then(() => {
    finish(null);
    sent.destroy();
  });
  sent.end(post.body);
  return promise;
}
