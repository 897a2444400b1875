import { groupsOf, judgeNews, retryNoticeAtMs, type Secret } from "@evergrant/core";
import type { Sent } from "../ports/channels.ts";
import type {
  Channel,
  Delivery,
  DeliveryResult,
  OutboxNotice,
  StoredRecipient,
  Turn,
  TurnEnd,
} from "../ports/notice-store.ts";
import { Alarm } from "./alarm.ts";
import type { AppDirectory } from "./app-directory.ts";
import { audienceOf } from "./audience.ts";
import type { ConsentLinks } from "./consent-links.ts";
import { noticeMail } from "./notice-mail.ts";
import { noticePayload } from "./notice-payload.ts";
import { isOvertaken, type NoticePlace, newsOf, placeOf } from "./notice-place.ts";
import { type NoticeWords, wordsOf } from "./notice-words.ts";
import type { ServiceContext } from "./service-context.ts";

const DISTRIBUTED_AT_ONCE = 50;
const WAITING_AT_ONCE = 200;
/** A recipient that does not take so many, and none between, is left alone until its next turn. */
const FAILURES_IN_A_TURN = 3;

export interface DelivererParts {
  readonly apps: AppDirectory;
  readonly links: ConsentLinks;
  readonly secretsOf: (recipient: StoredRecipient) => readonly Secret[];
}

/**
 * Brings notices from the outbox to whoever is to be told: at least once, and once in normal operation, however many nodes share
 * the store. First it is said who gets a notice (one transaction), then recipients have turns, one node at a time.
 */
export class Deliverer {
  readonly #context: ServiceContext;
  readonly #parts: DelivererParts;
  readonly #alarm: Alarm;
  #forgetAtMs = 0;

  constructor(context: ServiceContext, parts: DelivererParts) {
    this.#context = context;
    this.#parts = parts;
    this.#alarm = new Alarm(context, () => this.#workOrRetry());
  }

  async start(): Promise<void> {
    if (this.#context.channels !== undefined) await this.#alarm.start();
  }

  /** A notice may have come into the outbox. */
  touch(): void {
    const { time, limits } = this.#context;
    this.#alarm.at(time.wallMs() + limits.noticeGatherMs);
  }

  /** Something is to go out as soon as may be. */
  hurry(): void {
    this.#alarm.at(this.#context.time.wallMs());
  }

  stop(): Promise<void> {
    return this.#alarm.stop();
  }

  async #workOrRetry(): Promise<number | null> {
    const { report, time, limits } = this.#context;
    try {
      return await this.#work();
    } catch (error) {
      report({ what: "notices", subject: "outbox", error });
      return time.wallMs() + limits.retryFirstMs;
    }
  }

  /** Does all that is due; when the next is. */
  async #work(): Promise<number | null> {
    const { store, time, limits } = this.#context;
    const outboxMs = await this.#distribute();
    while (!this.#alarm.isStopped && (await this.#turn())) {}
    const nowMs = time.wallMs();
    if (nowMs >= this.#forgetAtMs) {
      this.#forgetAtMs = nowMs + limits.noticeGiveUpMs;
      await store.notices.forgetBefore(nowMs - limits.noticesKeptMs);
    }
    const turnMs = await store.notices.nextTurnMs(this.#channels());
    const soonestMs = Math.min(outboxMs ?? Number.POSITIVE_INFINITY, turnMs ?? Number.POSITIVE_INFINITY);
    // What another node is at is looked at again soon, not in a tight loop.
    return Number.isFinite(soonestMs) ? Math.max(soonestMs, nowMs + limits.marginMs / 20) : null;
  }

  #channels(): readonly Channel[] {
    const { channels } = this.#context;
    return [...(channels?.mailer ? (["email"] as const) : []), ...(channels?.webhooks ? (["webhook"] as const) : [])];
  }

  /** Says who gets what has waited long enough; when the next has. */
  async #distribute(): Promise<number | null> {
    const { store, time, limits } = this.#context;
    for (;;) {
      const waiting = await store.audit.outbox(DISTRIBUTED_AT_ONCE);
      const nowMs = time.wallMs();
      const notYet = waiting.findIndex(({ atMs }) => atMs + limits.noticeGatherMs > nowMs);
      const ready = notYet < 0 ? waiting : waiting.slice(0, notYet);
      const next = waiting[ready.length];
      if (ready.length === 0) return next === undefined ? null : next.atMs + limits.noticeGatherMs;
      if ((await this.#distributeAll(ready, waiting)) === 0) return nowMs;
    }
  }

  async #distributeAll(ready: readonly OutboxNotice[], waiting: readonly OutboxNotice[]): Promise<number> {
    const { store, time } = this.#context;
    const recipients = await store.notices.recipients();
    const places = new Map<number, { readonly notice: OutboxNotice; readonly place: NoticePlace }>();
    for (const notice of ready)
      places.set(notice.sequence, { notice, place: await placeOf(this.#context, this.#parts.apps, notice) });
    const asked = [...places.values()].map(({ notice, place }) => ({
      sequence: notice.sequence,
      groups: groupsOf(newsOf(notice, place)),
    }));
    return await store.notices.distribute(
      asked,
      (sequence, open) => {
        const found = places.get(sequence);
        const silent = { tell: null, recipients: [], opens: null, closes: [] };
        if (found === undefined) return silent;
        const { notice, place } = found;
        const later = waiting.filter((other) => other.sequence > sequence);
        if (isOvertaken(notice, place, later)) return silent;
        const verdict = judgeNews(newsOf(notice, place), open);
        return { ...verdict, recipients: audienceOf(recipients, verdict, place) };
      },
      time.wallMs(),
    );
  }

  /** One recipient's turn. False when nothing is due for anybody. */
  async #turn(): Promise<boolean> {
    const { store, time, limits } = this.#context;
    const nowMs = time.wallMs();
    const more = { untilMs: nowMs + limits.leaseMs, limit: WAITING_AT_ONCE };
    const turn = await store.notices.takeTurn(this.#channels(), nowMs, more);
    if (turn === null) return false;
    await store.notices.endTurn(turn.recipient.channel === "email" ? await this.#mail(turn) : await this.#posts(turn));
    return true;
  }

  // Together in one mail, and a while after the one before: a bad hour is a mail that lists everything, not a hundred mails.
  async #mail(turn: Turn): Promise<TurnEnd> {
    const { channels, limits, time } = this.#context;
    const { recipient, number, waiting, lastSentAtMs } = turn;
    const end = { recipient: recipient.id, number, disabledAtMs: null };
    const nowMs = time.wallMs();
    const soonestMs = lastSentAtMs === null ? 0 : lastSentAtMs + limits.mailSpacingMs;
    if (soonestMs > nowMs) return { ...end, results: [], sentAtMs: null, notBeforeMs: soonestMs };
    const words: NoticeWords[] = [];
    for (const delivery of waiting) words.push(await this.#wordsOf(delivery, recipient));
    const [first] = waiting;
    const id = `${recipient.id}.${first?.id ?? 0}.${waiting.length}`;
    const sent = await channels?.mailer?.send(noticeMail(words, { address: recipient.address, id }));
    const results = waiting.map((delivery) => this.#resultOf(delivery, sent));
    this.#observe("email", sent);
    const isSent = sent?.kind === "sent";
    const notBeforeMs = isSent ? nowMs + limits.mailSpacingMs : Math.min(...results.map(({ dueAtMs }) => dueAtMs));
    return { ...end, results, sentAtMs: isSent ? nowMs : null, notBeforeMs };
  }

  // In order, one at a time. One that is not taken does not keep the others back, unless nothing is taken at all.
  async #posts(turn: Turn): Promise<TurnEnd> {
    const { channels, limits, time } = this.#context;
    const { recipient, number, waiting } = turn;
    const begunMs = time.monotonicMs();
    const results: DeliveryResult[] = [];
    let failures = 0;
    let disabledAtMs: number | null = null;
    const secrets = this.#parts.secretsOf(recipient);
    for (const delivery of waiting.filter(({ dueAtMs }) => dueAtMs <= time.wallMs())) {
      if (time.monotonicMs() - begunMs > limits.leaseMs - 2 * limits.requestTimeoutMs || this.#alarm.isStopped) break;
      const words = await this.#wordsOf(delivery, recipient);
      const payload = noticePayload(delivery, words);
      const post = { url: recipient.address, atMs: time.wallMs(), secrets, ...payload };
      const sent = await channels?.webhooks?.post(post);
      this.#observe("webhook", sent);
      results.push(this.#resultOf(delivery, sent));
      failures = sent?.kind === "sent" ? 0 : failures + 1;
      if (sent?.kind === "gone") disabledAtMs = time.wallMs();
      if (failures >= FAILURES_IN_A_TURN || disabledAtMs !== null) break;
    }
    const delivered = results.filter(({ status }) => status === "delivered");
    const retries = results.filter(({ status }) => status === "waiting").map(({ dueAtMs }) => dueAtMs);
    const notBeforeMs = delivered.length > 0 || retries.length === 0 ? 0 : Math.min(...retries);
    const sentAtMs = delivered.length > 0 ? time.wallMs() : null;
    return { recipient: recipient.id, number, results, sentAtMs, notBeforeMs, disabledAtMs };
  }

  #resultOf(delivery: Delivery, sent: Sent | undefined): DeliveryResult {
    const { limits, time } = this.#context;
    const nowMs = time.wallMs();
    const { id, sinceMs } = delivery;
    if (sent?.kind === "sent") return { id, status: "delivered", dueAtMs: nowMs, error: null, atMs: nowMs };
    const error = sent?.reason ?? "there is no way out on this node";
    const againMs =
      sent === undefined || sent.kind === "failed"
        ? retryNoticeAtMs({ attempts: delivery.attempts + 1, sinceMs, nowMs }, limits)
        : null;
    const status = againMs === null ? "dead" : "waiting";
    return { id, status, dueAtMs: Math.ceil(againMs ?? nowMs), error, atMs: nowMs };
  }

  async #wordsOf(delivery: Delivery, recipient: StoredRecipient): Promise<NoticeWords> {
    const place = await placeOf(this.#context, this.#parts.apps, delivery.notice);
    // The link belongs to one connection: the recipient's own, where it is told of that alone.
    const connection = place.connections.find(({ id }) => id === recipient.connection) ?? place.connections[0];
    const canConsent = place.app?.provider.kind === "authorization_code" && connection !== undefined;
    return wordsOf(delivery, place, canConsent ? this.#parts.links.again(connection).url : null);
  }

  #observe(channel: Channel, sent: Sent | undefined): void {
    this.#context.observe?.({ kind: "notice-sent", channel, outcome: sent?.kind ?? "failed" });
  }
}
