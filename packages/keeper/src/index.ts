export { checkedLookup, requireAllowedLiteral } from "./egress/checked-lookup.ts";
export { type MailServer, mailServerOf } from "./mail/mail-server.ts";
export {
  type KeeperOptions,
  type KeeperUnable,
  type KeptTokenAsk,
  type OpenKeeper,
  openKeeper,
} from "./node/open-keeper.ts";
export { type NodeOptions, type OpenNode, openNode } from "./node/open-node.ts";
export type { StoreChoice } from "./node/open-store.ts";
export { type RestoreOptions, restoreBackup } from "./node/restore-backup.ts";
export type { KeptRequestInit } from "./node/token-fetch.ts";
export type { AppOrigins } from "./ports/app-store.ts";
export { ASSERTION_ALGORITHMS } from "./ports/assertion-verifier.ts";
export {
  type CallerAuthentication,
  type KeySource,
  type PublicKey,
  RIGHTS,
  type Right,
  SECRET_ALONE,
  type Workload,
} from "./ports/caller-store.ts";
export type { Chance } from "./ports/chance.ts";
export type { ConsentOrigin } from "./ports/consent-store.ts";
export { CHANNELS, type Channel, type DeliveryStatus, type NoticeCounts } from "./ports/notice-store.ts";
export type { Observation, Observe } from "./ports/observation.ts";
export type { OperatorIdentity } from "./ports/operator-store.ts";
export { POINTS, type Point, type PointSubject, type Reached } from "./ports/points.ts";
export type { Provider } from "./ports/provider.ts";
export type { Tenant } from "./ports/provider-api.ts";
export type { Time, Timer } from "./ports/time.ts";
export { PROVIDERS } from "./providers/catalogue.ts";
export { type ProviderFile, withOwnProviders } from "./providers/own-providers.ts";
export { type FollowedTime, followedTime, realChance, realTime } from "./real-time.ts";
export type { KeyManagementChoice } from "./sealing/kms/key-management.ts";
export type { KeyRingSource } from "./sealing/open-key-ring.ts";
export type * from "./service/access.ts";
export type { ApiAnswerHead } from "./service/api-account.ts";
export type { ApiTurn, CallsLeft } from "./service/api-turns.ts";
export type * from "./service/backups.ts";
export type * from "./service/connecting.ts";
export type * from "./service/consenting.ts";
export type { AdmittedCall, ApiAsk, ForwardAsk, Forwarded, Gateway, ShownTenants } from "./service/gateway.ts";
export type * from "./service/idempotent-creates.ts";
export type * from "./service/importing.ts";
export type * from "./service/keeper.ts";
export type * from "./service/keys.ts";
export type * from "./service/operating.ts";
export type { Page, PageAsk } from "./service/pages.ts";
export type { ServiceFailure } from "./service/service-context.ts";
