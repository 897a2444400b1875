export type {
  AccessToken,
  AccessTokenAsk,
  Client,
  ClientRequestInit,
  Notice,
  Tenant,
  Unable,
} from "./client.ts";
export { createClient } from "./create-client.ts";
export { CLIENT_ERRORS, ClientError, type ClientErrorCode, type Retry } from "./errors.ts";
export type { ClientOptions, SnapshotOptions } from "./options.ts";
export { Secret } from "./secret.ts";
export type { Chance, Time, Timer } from "./time.ts";
