import { type DestinationStream, pino } from "pino";

/** I14 secrecy: one answered request. Nothing else of a request is ever logged: no URL, query, header or body. */
export interface RequestEntry {
  readonly requestId: string;
  readonly listener: string;
  readonly method: string;
  /** The pattern of the route, not the address: a consent link is a secret. */
  readonly route: string;
  readonly status: number;
  /** The code of the refusal, null where there was none. */
  readonly code: string | null;
  readonly ms: number;
}

/** Something that should not have happened. Messages are left out, since nobody knows what they quote. */
export interface FailureEntry {
  readonly requestId: string;
  readonly route: string;
  /** The name of the error's class. */
  readonly kind: string;
  /** A system or library code such as `ECONNREFUSED`. */
  readonly errorCode: string | null;
  /** Where it was thrown: the frames of the stack alone. */
  readonly frames: readonly string[];
}

export interface RequestLog {
  request(entry: RequestEntry): void;
  failure(entry: FailureEntry): void;
}

/** A log of JSON lines by pino, to standard output or the destination given. Fields are picked by name. */
export function createRequestLog(
  options: { destination?: DestinationStream; level?: "info" | "warn" | "error" } = {},
): RequestLog {
  const settings = { base: null, level: options.level ?? "info", timestamp: pino.stdTimeFunctions.isoTime };
  const log = options.destination === undefined ? pino(settings) : pino(settings, options.destination);
  return {
    request({ requestId, listener, method, route, status, code, ms }) {
      const entry = { requestId, listener, method, route, status, code, ms: Math.round(ms * 10) / 10 };
      if (status >= 500) log.error(entry, "request");
      else log.info(entry, "request");
    },
    failure({ requestId, route, kind, errorCode, frames }) {
      log.error({ requestId, route, kind, errorCode, frames }, "failure");
    },
  };
}

/** A log that keeps nothing. */
export const silentRequestLog: RequestLog = { request: () => {}, failure: () => {} };
