import type { LookupFunction } from "node:net";
import { type AllowedAddresses, isAllowedAddress } from "@evergrant/core";
import { Agent } from "undici";
import { checkedLookup, requireAllowedLiteral } from "../egress/checked-lookup.ts";
import type { Sent, WebhookSender } from "../ports/channels.ts";
import { signatureOf } from "./signature.ts";

/** What of an answer is read before the connection is let go: nothing of it is used. */
const ANSWER_BYTES = 16_384;

export interface WebhookOptions {
  readonly timeoutMs: number;
  /** Default: the system's. */
  readonly lookup?: LookupFunction;
}

/**
 * Posts as Standard Webhooks says. Every connection goes to an address that was looked at: over https to the open internet, over
 * plain http to this machine alone. No redirect is followed.
 */
export function webhookSender({ timeoutMs, lookup }: WebhookOptions): WebhookSender {
  const agentFor = (allowed: AllowedAddresses) =>
    new Agent({
      ...{ connections: 4, allowH2: false, headersTimeout: timeoutMs, bodyTimeout: timeoutMs },
      connect: { timeout: timeoutMs, lookup: checkedLookup(guard(allowed), lookup) },
    });
  const agents = { public: agentFor("public"), loopback: agentFor("loopback") };
  return {
    post: async ({ url: address, id, atMs, body, secrets }) => {
      const url = new URL(address);
      const allowed = url.protocol === "http:" ? "loopback" : "public";
      const timestamp = Math.floor(atMs / 1_000);
      try {
        requireAllowedLiteral(url, guard(allowed));
        const answer = await agents[allowed].request({
          origin: url.origin,
          path: `${url.pathname}${url.search}`,
          method: "POST",
          headers: {
            "content-type": "application/json",
            "user-agent": "Evergrant",
            "webhook-id": id,
            "webhook-timestamp": String(timestamp),
            "webhook-signature": signatureOf({ id, timestamp, body }, secrets),
          },
          body,
          signal: AbortSignal.timeout(timeoutMs),
        });
        await answer.body.dump({ limit: ANSWER_BYTES }).catch(() => undefined);
        return verdictOn(answer.statusCode);
      } catch (error) {
        return failureOf(error);
      }
    },
    close: async () => {
      await Promise.all([agents.public.destroy(), agents.loopback.destroy()]);
    },
  };
}

const guard = (allowed: AllowedAddresses) => (address: string) => isAllowedAddress(address, allowed);

/** Standard Webhooks, "Deliverability": 2xx is taken, 410 asks for no more, everything else is tried again. */
function verdictOn(status: number): Sent {
  if (status >= 200 && status < 300) return { kind: "sent" };
  if (status === 410) return { kind: "gone", reason: "it answered 410 Gone" };
  return { kind: "failed", reason: `it answered ${status}` };
}

function failureOf(error: unknown): Sent {
  const named = error instanceof AggregateError ? error.errors[0] : error;
  const { code, name } = (named ?? {}) as { code?: unknown; name?: unknown };
  if (name === "TimeoutError") return { kind: "failed", reason: "it said nothing for too long" };
  if (code === "ADDRESS_REFUSED")
    return { kind: "failed", reason: "its name resolves to an address that is not allowed" };
  return {
    kind: "failed",
    reason: typeof code === "string" && /^[A-Z][A-Z0-9_]{1,63}$/.test(code) ? code : "the connection failed",
  };
}
