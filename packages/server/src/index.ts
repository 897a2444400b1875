export {
  createServer,
  type ListenAddress,
  type Listeners,
  type Server,
  type ServerOptions,
  type ServerRates,
} from "./create-server.ts";
export type { Rate } from "./http/rate-limiter.ts";
export {
  createRequestLog,
  type FailureEntry,
  type RequestEntry,
  type RequestLog,
  silentRequestLog,
} from "./http/request-log.ts";
export { createTelemetry, type Telemetry } from "./metrics/telemetry.ts";
export type { ServerChance, ServerTime } from "./ports.ts";
export type { OpenIdOptions } from "./sign-in/openid-sign-in.ts";
