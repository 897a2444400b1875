/** One HTTP answer, complete before its first byte is sent. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export const jsonAnswer = (status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Answer => ({
  status,
  headers: { "content-type": "application/json; charset=utf-8", ...headers },
  body: JSON.stringify(value),
});

export const emptyAnswer = (status: number, headers: Readonly<Record<string, string>> = {}): Answer => ({
  status,
  headers,
  body: "",
});

export const redirectAnswer = (location: string): Answer => emptyAnswer(302, { location, "cache-control": "no-store" });

/** As Xero's answers were recorded: nothing of them may be kept. */
export const uncached = (nowMs: number): Readonly<Record<string, string>> => ({
  "cache-control": "max-age=0, no-cache, no-store",
  pragma: "no-cache",
  expires: new Date(nowMs).toUTCString(),
});
