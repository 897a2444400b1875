// What somebody needs who puts a keeper together over ports of his own: a simulation, an embedding with another store.
export type * from "./ports/app-store.ts";
export type * from "./ports/audit-store.ts";
export type * from "./ports/caller-store.ts";
export type * from "./ports/connection-store.ts";
export type * from "./ports/consent-store.ts";
export type * from "./ports/deployment-store.ts";
export type * from "./ports/grant-store.ts";
export type * from "./ports/journal.ts";
export type * from "./ports/provider.ts";
export type * from "./ports/provider-api.ts";
export type * from "./ports/records.ts";
export type * from "./ports/sealer.ts";
export type * from "./ports/store.ts";
export type * from "./ports/token-endpoint.ts";
export { Activity } from "./service/activity.ts";
export { createKeeper, type RunningKeeper } from "./service/create-keeper.ts";
export type { ServiceContext } from "./service/service-context.ts";
export { memoryStore } from "./stores/memory/memory-store.ts";
