import type { Time } from "../time.ts";

interface Asked {
  readonly connection: string;
  readonly authorization: string | null;
  readonly form: URLSearchParams;
  readonly atMs: number;
}

/** What a token endpoint of Evergrant answers, as a `fetch`. Its tokens say whose they are and when they end. */
export class FakeEvergrant {
  readonly asked: Asked[] = [];
  lifeMs = 1_800_000;
  /** What comes instead of a token: an answer, or `"down"`. */
  instead: ((connection: string) => Response | "down" | null) | null = null;
  /** Held back until it resolves. */
  gate: Promise<void> = Promise.resolve();
  mostAtOnce = 0;
  readonly #running = new Map<string, number>();
  readonly #time: Time;
  #drawn = 0;

  constructor(time: Time) {
    this.#time = time;
  }

  readonly fetch: typeof fetch = async (input, init) => {
    const connection = /\/connections\/([^/]+)\/oauth2\/token$/.exec(String(input))?.[1] ?? "";
    const running = (this.#running.get(connection) ?? 0) + 1;
    this.#running.set(connection, running);
    this.mostAtOnce = Math.max(this.mostAtOnce, running);
    const authorization = new Headers(init?.headers).get("authorization");
    const form = new URLSearchParams(String(init?.body));
    this.asked.push({ connection, authorization, form, atMs: this.#time.wallMs() });
    try {
      await this.gate;
      const instead = this.instead?.(connection) ?? null;
      if (instead === "down") throw new TypeError("fetch failed");
      return instead ?? this.#token(connection);
    } finally {
      this.#running.set(connection, (this.#running.get(connection) ?? 1) - 1);
    }
  };

  #token(connection: string): Response {
    this.#drawn += 1;
    // Whole, so that its point does not look like the one that parts the token.
    const endsAtMs = Math.ceil(this.#time.wallMs() + this.lifeMs);
    return Response.json({
      access_token: `${connection}.${endsAtMs}.${this.#drawn}`,
      token_type: "Bearer",
      expires_in: Math.floor(this.lifeMs / 1000),
      scope: "books.read",
      tenants: [{ id: `t-${connection}`, name: `Books of ${connection}` }],
    });
  }
}

/** A refusal as Evergrant writes it. */
export function refusal(
  status: number,
  code: string,
  more: { error?: string; retryAfter?: number; consentUrl?: string } = {},
): Response {
  return Response.json(
    {
      error: more.error ?? (status === 503 ? "temporarily_unavailable" : "invalid_target"),
      error_description: `What to do about ${code}.`,
      code,
      ...(more.consentUrl === undefined ? {} : { consent_url: more.consentUrl }),
    },
    { status, ...(more.retryAfter === undefined ? {} : { headers: { "retry-after": String(more.retryAfter) } }) },
  );
}
