/** Names of things, branded so that one kind can never stand in for another: a grant's id is not a connection's. */
type Id<Kind extends string> = string & { readonly __kind: Kind };

export type AppId = Id<"app">;
export type GrantId = Id<"grant">;
export type ChainId = Id<"chain">;
export type TokenVersionId = Id<"token-version">;
export type AttemptId = Id<"attempt">;
export type ConnectionId = Id<"connection">;
export type ConsentId = Id<"consent">;
export type CallerId = Id<"caller">;
export type OperatorId = Id<"operator">;
export type RecipientId = Id<"recipient">;
/** The identity of a node: of its journal folder, so that it outlives a restart. */
export type NodeId = Id<"node">;
/** A fresh random id per process start: who holds a lease. */
export type LeaseOwner = Id<"lease-owner">;
