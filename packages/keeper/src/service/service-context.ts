import type { LeaseOwner, Limits, NodeId } from "@evergrant/core";
import type { AssertionVerifier } from "../ports/assertion-verifier.ts";
import type { Chance } from "../ports/chance.ts";
import type { NoticeChannels } from "../ports/channels.ts";
import type { Journal } from "../ports/journal.ts";
import type { KeyCustody } from "../ports/key-custody.ts";
import type { Observe } from "../ports/observation.ts";
import type { Reached } from "../ports/points.ts";
import type { Provenance } from "../ports/provenance.ts";
import type { Provider } from "../ports/provider.ts";
import type { ProviderApi } from "../ports/provider-api.ts";
import type { Sealer } from "../ports/sealer.ts";
import type { Store } from "../ports/store.ts";
import type { Time } from "../ports/time.ts";
import type { TokenEndpoint } from "../ports/token-endpoint.ts";
import type { Activity } from "./activity.ts";
import type { Backups } from "./backups.ts";
import type { NodeClock } from "./node-clock.ts";
import type { SpendingGate } from "./spending-gate.ts";

/** Everything that the services of one node are given: ports, limits, and who they are. */
export interface ServiceContext extends KeeperParts {
  readonly gate: SpendingGate;
  readonly clock: NodeClock;
  readonly custody: KeyCustody | null;
}

/** What whoever puts a keeper together brings. */
export interface KeeperParts {
  readonly store: Store;
  readonly journal: Journal;
  readonly sealer: Sealer;
  readonly tokenEndpoint: TokenEndpoint;
  readonly providerApi: ProviderApi;
  readonly assertions: AssertionVerifier;
  readonly providers: ReadonlyMap<string, Provider>;
  /** Where a clock is given, the time that it makes of the machine's. */
  readonly time: Time;
  /** Left out: one that follows no store's. */
  readonly clock?: NodeClock;
  readonly chance: Chance;
  readonly limits: Limits;
  readonly reached: Reached;
  readonly node: NodeId;
  readonly owner: LeaseOwner;
  /** Where browsers and callers reach this deployment, without a trailing slash. */
  readonly publicUrl: string;
  /**
   * Null where this process alone writes the store. Else the pace, in real time, at which it looks for what others wrote:
   * their clocks need not be the one that this node follows.
   */
  readonly shared: Shared | null;
  readonly activity: Activity;
  /** Null where nothing outside of the store is known of it: a restored or copied one is not recognised then. */
  readonly provenance: Provenance | null;
  /** The key-encryption keys; absent where sealing is somebody else's matter. */
  readonly custody?: KeyCustody | null;
  /** Absent where the store cannot be copied. */
  readonly backups?: Backups | null;
  readonly report: (failure: ServiceFailure) => void;
  /** How people are told; left out: nobody is, and notices wait in the outbox. */
  readonly channels?: NoticeChannels;
  /** Hears what is worth counting. */
  readonly observe?: Observe;
}

export interface Shared {
  readonly pace: Pick<Time, "setTimer">;
  /** Calls the listener soon after another node changed callers, permissions or connections. Only a hint: looking finds it too. */
  readonly onHint: (listener: () => void) => () => void;
  /** Calls the listener when another server was made the primary: what the old one had acknowledged last may be missing. */
  readonly onNewPrimary: (listener: () => void) => () => void;
}

/** Something that failed behind everybody's back; holds no secret. */
export interface ServiceFailure {
  readonly what: string;
  readonly subject: string;
  readonly error: unknown;
}
