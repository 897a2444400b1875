import type { GrantId, NodeId } from "@evergrant/core";
import type {
  Chance,
  Journal,
  NodeClock,
  Provenance,
  Reached,
  ServiceFailure,
  Store,
  Time,
  TokenEndpoint,
} from "@evergrant/keeper/parts";
import type { Provider } from "./provider.ts";
import type { Vault } from "./vault.ts";

/** What a world gives to one process of whatever keeps grants in it. Everything dies with the process. */
export interface ProcessPorts {
  readonly node: NodeId;
  readonly life: number;
  /** The machine's clock, and what a node may make of it. */
  readonly time: Time;
  readonly clock: NodeClock;
  readonly chance: Chance;
  readonly store: Store;
  readonly journal: Journal;
  readonly provenance: Provenance;
  readonly tokenEndpoint: TokenEndpoint;
  readonly vault: Vault;
  readonly provider: Provider;
  readonly reached: Reached;
  readonly report: (failure: ServiceFailure) => void;
  /** Whether others write to the same database, or it may go back in time. */
  readonly isShared: boolean;
  /** Calls the listener when the database's driver sees that another server is the primary now; it does not always see it. */
  onNewPrimary(listener: () => void): () => void;
  /** How much slower than in production nodes look for what others wrote. */
  paceStretch(): number;
  /** Whether the provider's API answers this request. */
  apiAnswers(): boolean;
  /** Carries work to the shared database and its result back, as the store's own calls go. */
  overWire<T>(work: () => Promise<T>): Promise<T>;
}

export interface ServedToken {
  readonly accessToken: string;
  readonly expiresInMs: number;
}

/** One running process of a contender: ours, or a peer's. */
export interface ContenderProcess {
  start(): Promise<void>;
  stop(): Promise<void>;
  ask(connection: string): Promise<ServedToken>;
  setUp(secret: string): Promise<void>;
  /** A first consent, or another one; the grant that the connection then stands on, null where none was made. */
  connect(connection: string, person: string): Promise<GrantId | null>;
  addSecret(secret: string): Promise<void>;
  setDisabled(connection: string, disabled: boolean): Promise<void>;
}

/** Whatever keeps grants alive, as a world starts it. */
export type Contender = (ports: ProcessPorts) => ContenderProcess;
