import { type Ending, Secret } from "@evergrant/core";
import type { Dispatcher } from "undici";
import type { Time } from "../ports/time.ts";
import { type AnswerHeaders, retryAfterMs, serverDateMs } from "./answer-headers.ts";
import { brokenReason } from "./broken-reason.ts";

/** A form-encoded POST (RFC 6749 §3.2), built and ready. */
export interface FormPost {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly parameters: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

export interface Wire {
  readonly dispatcher: Dispatcher;
  /** Real time. */
  readonly time: Time;
}

/** No token answer comes near it; a longer one is not read to its end. */
const LONGEST_BODY = 64 * 1024;

/**
 * Sends one POST once and says how it ended, knowing whether a byte can have left. Below undici's `request()`, because only the
 * dispatch handler is told the moment: `onRequestStart` runs on a connected (and encrypted) socket, right before the first byte.
 */
export function exchangeForm(wire: Wire, post: FormPost, sent: () => void): Promise<Ending> {
  return new Promise((resolve) => {
    const timer = wire.time.setTimer(post.timeoutMs, () =>
      handler.giveUp(`no whole answer within ${post.timeoutMs} ms`),
    );
    const handler = new ExchangeHandler({
      sent,
      nowMs: () => wire.time.wallMs(),
      end: (ending) => {
        timer.cancel();
        resolve(ending);
      },
    });
    try {
      wire.dispatcher.dispatch(
        {
          origin: post.url.origin,
          path: `${post.url.pathname}${post.url.search}`,
          method: "POST",
          headers: {
            accept: "application/json",
            "accept-encoding": "identity",
            "content-type": "application/x-www-form-urlencoded",
            "user-agent": "evergrant",
            ...post.headers,
          },
          body: new URLSearchParams(post.parameters).toString(),
        },
        handler,
      );
    } catch (error) {
      handler.fail(error);
    }
  });
}

interface ExchangeEnds {
  readonly sent: () => void;
  readonly nowMs: () => number;
  readonly end: (ending: Ending) => void;
}

class ExchangeHandler implements Dispatcher.DispatchHandler {
  readonly #ends: ExchangeEnds;
  readonly #chunks: Buffer[] = [];
  #controller: Dispatcher.DispatchController | null = null;
  #answer: { readonly status: number; readonly headers: AnswerHeaders } | null = null;
  #length = 0;
  #over = false;

  constructor(ends: ExchangeEnds) {
    this.#ends = ends;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Begun before: undici lost the connection and wants to send again, which is not for the client to decide.
    if (this.#controller !== null) this.giveUp("the connection was lost after the request was begun");
    // Also when it was given up while it waited for a connection: aborted here, not a byte of it leaves.
    if (this.#over) controller.abort(new Error("given up"));
    else this.#controller = controller;
  }

  onRequestSent(): void {
    if (!this.#over) this.#ends.sent();
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: AnswerHeaders): void {
    if (status >= 200) this.#answer = { status, headers };
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#length += chunk.length;
    if (this.#length > LONGEST_BODY) this.giveUp(`the answer is longer than ${LONGEST_BODY} bytes`);
    else this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    if (this.#answer === null) this.giveUp("the answer had no status");
    else this.#end(this.#whole(this.#answer));
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    this.fail(error);
  }

  fail(error: unknown): void {
    const bytesSent = this.#controller !== null;
    this.#end({ kind: "broken", bytesSent, reason: brokenReason(error, bytesSent) });
  }

  giveUp(reason: string): void {
    this.#end({ kind: "broken", bytesSent: this.#controller !== null, reason });
    this.#controller?.abort(new Error("given up"));
  }

  #whole({ status, headers }: { readonly status: number; readonly headers: AnswerHeaders }): Ending {
    return {
      kind: "answered",
      status,
      body: new Secret(Buffer.concat(this.#chunks).toString("utf8")),
      retryAfterMs: retryAfterMs(headers, this.#ends.nowMs()),
      serverDateMs: serverDateMs(headers),
    };
  }

  #end(ending: Ending): void {
    if (this.#over) return;
    this.#over = true;
    this.#ends.end(ending);
  }
}
