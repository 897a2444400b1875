import {
  deliveryAnswered,
  dueEvents,
  probesAnswered,
  type Turn,
  type Webhook,
  type WebhookEvent,
} from "../engine/index.ts";
import { nobodys } from "../faults.ts";
import type { Duty } from "../outbound.ts";
import type { World } from "../world.ts";
import { deliveryBody, probeOrder } from "./payload.ts";
import { signatureOf, type WebhookAnswer } from "./post-webhook.ts";
import { postUnder } from "./struck-post.ts";

type Parts = Pick<World, "engine" | "clock" | "faults" | "journal" | "closing" | "ownOrigin">;

/** Sends intents to receive and events. Every post is in the journal of requests, as endpoint `webhook`. */
export function webhookDuty(world: Parts): Duty {
  const { engine, clock } = world;
  return {
    nextDueAtMs() {
      const instants = [...engine.view.all("webhooks")].flatMap(({ nextAttemptAtMs: atMs }) =>
        atMs === null ? [] : [atMs],
      );
      return instants.length === 0 ? null : Math.min(...instants);
    },
    async carryOut() {
      const nowMs = clock.nowMs();
      const due = [...engine.view.all("webhooks")].filter(
        (webhook) => webhook.nextAttemptAtMs !== null && webhook.nextAttemptAtMs <= nowMs,
      );
      await Promise.all(
        due.map((webhook) => (webhook.state === "probing" ? probe(world, webhook) : deliver(world, webhook))),
      );
    },
  };
}

async function probe(world: Parts, webhook: Webhook): Promise<void> {
  const { label, order } = inTurn(world, (turn) => {
    const drawn = turn.label("intent-to-receive");
    return { label: drawn, order: probeOrder(turn.mint, drawn) };
  });
  let asTheyShould = true;
  for (const [index, rightly] of order.entries()) {
    const body = deliveryBody([], "", secretOf(world, `${label}:${index}`));
    const answer = await post(world, webhook, { body, rightly });
    if (world.closing.aborted) return;
    if (answer?.status !== (rightly ? 200 : 401) || !answer.bare) asTheyShould = false;
    // Who is silent once is not waited for three times more.
    if (answer === null) break;
  }
  inTurn(world, (turn) => probesAnswered(turn, webhook.clientId, asTheyShould));
}

async function deliver(world: Parts, webhook: Webhook): Promise<void> {
  const events: readonly WebhookEvent[] = dueEvents(world.engine.view, webhook.clientId);
  const lastSequence = events.at(-1)?.sequence ?? 0;
  const entropy = secretOf(world, `webhook-entropy:${webhook.clientId}:${lastSequence}:${webhook.failures}`);
  const body = deliveryBody(events, world.ownOrigin(), entropy);
  const answer = await post(world, webhook, { body, rightly: true });
  if (world.closing.aborted) return;
  const ok = answer?.status === 200 && answer.bare;
  inTurn(world, (turn) => deliveryAnswered(turn, webhook.clientId, { ok, lastSequence }));
}

async function post(
  world: Parts,
  webhook: Webhook,
  wanted: { readonly body: string; readonly rightly: boolean },
): Promise<WebhookAnswer> {
  const { url, clientId, keyLabel } = webhook;
  const key = secretOf(world, wanted.rightly ? keyLabel : `${keyLabel}:wrong`);
  const path = new URL(url).pathname.slice(0, 200);
  const subject = { endpoint: "webhook", grantType: null, clientId, method: "POST", path, whose: () => nobodys };
  const fault = world.faults.take(subject);
  const letter = { url, body: wanted.body, signature: signatureOf(key, wanted.body) };
  const answer = await postUnder(fault, letter, world.closing);
  const asked = webhook.state === "probing" ? `intent-signed-${wanted.rightly ? "rightly" : "wrongly"}` : "events";
  world.journal.add({
    atMs: world.clock.nowMs(),
    endpoint: "webhook",
    method: "POST",
    path,
    grantType: null,
    clientId,
    outcome: answer === null ? `${asked}:no-answer` : answer.bare ? asked : `${asked}:body-or-cookie`,
    status: answer?.status ?? null,
    token: null,
    committed: false,
    fault: fault === null ? null : { id: fault.id, point: fault.point, action: fault.action.kind },
  });
  return answer;
}

const inTurn = <R>(world: Parts, work: (turn: Turn) => R): R => world.engine.run(world.clock.nowMs(), work);

const secretOf = (world: Parts, label: string): string => inTurn(world, (turn) => turn.mint.secret(label));
