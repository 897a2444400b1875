import {
  EvergrantError,
  type LeaseOwner,
  type Limits,
  type Network,
  type NodeId,
  parseNetwork,
  Secret,
} from "@evergrant/core";
import { assertionVerifier } from "../assertions/assertion-verifier.ts";
import { openJournal, tryJournalFolder } from "../journal/open-journal.ts";
import { rememberedClock } from "../journal/remembered-clock.ts";
import { rememberedStore } from "../journal/remembered-store.ts";
import type { MailServer } from "../mail/mail-server.ts";
import { smtpMailer } from "../mail/smtp-mailer.ts";
import type { Chance } from "../ports/chance.ts";
import type { Deployment } from "../ports/deployment-store.ts";
import type { Observe } from "../ports/observation.ts";
import type { Reached } from "../ports/points.ts";
import type { Provider } from "../ports/provider.ts";
import type { Store } from "../ports/store.ts";
import type { Time } from "../ports/time.ts";
import { httpProviderApi } from "../provider-api/http-provider-api.ts";
import { realTime } from "../real-time.ts";
import { makeKeyCheck } from "../sealing/key-check.ts";
import type { KeyRing } from "../sealing/key-ring.ts";
import { keySealer } from "../sealing/key-sealer.ts";
import { type KeyRingSource, keyRingPlace, openKeyRing } from "../sealing/open-key-ring.ts";
import { ringCustody } from "../sealing/ring-custody.ts";
import { Activity } from "../service/activity.ts";
import { createKeeper } from "../service/create-keeper.ts";
import { digest } from "../service/digest.ts";
import type { Keeper } from "../service/keeper.ts";
import { newId, newSecretText } from "../service/new-id.ts";
import { NodeClock } from "../service/node-clock.ts";
import type { ServiceFailure } from "../service/service-context.ts";
import { httpTokenEndpoint } from "../token-endpoint/http-token-endpoint.ts";
import { webhookSender } from "../webhook/webhook-sender.ts";
import { backupsOf } from "./backups.ts";
import { openStore, type StoreChoice, type StorePlace } from "./open-store.ts";
import { StoreHealth } from "./store-health.ts";
import { WatchedJournal } from "./watched-journal.ts";

/** Where a node lives and what it is given; everything that differs between production and a test is an argument. */
export interface NodeOptions {
  /** Holds `journal/` and, unless they are elsewhere, `evergrant.db` and `kek`; made with mode 0700 when it is not there. */
  readonly folder: string;
  readonly store: StoreChoice;
  /** Null: the file `kek` in the folder, made at the first start of an empty store. */
  readonly keyRing: KeyRingSource | null;
  /** A journal that does not outlive the machine cannot keep what it promises; somebody who only tries things out may want it so. */
  readonly journalMayVanish: boolean;
  /** Where browsers and callers reach it, without a trailing slash. */
  readonly publicUrl: string;
  readonly providers: ReadonlyMap<string, Provider>;
  /** Networks (CIDR) from which callers' keys may be fetched besides the open internet: an identity provider of one's own. */
  readonly keyNetworks: readonly string[];
  readonly limits: Limits;
  readonly time: Time;
  readonly chance: Chance;
  readonly reached: Reached;
  /** Called whenever the node has come to rest. */
  readonly onIdle: () => void;
  readonly report: (failure: ServiceFailure) => void;
  /** How mail leaves; left out or null: nobody is told by mail. */
  readonly mail?: MailServer | null;
  readonly observe?: Observe;
  /** Called once in the life of a deployment, before anything is written: keep the key, it cannot be had again. */
  readonly keepOperatorKey: (key: Secret) => void;
}

export interface OpenNode {
  readonly keeper: Keeper;
  isIdle(): boolean;
  /** From now on it begins no refresh by itself; whoever asks is still answered. */
  rest(): void;
  /** Drains and closes; the journal's folder and the store are free afterwards. */
  close(): Promise<void>;
}

/**
 * Opens store, keys and journal, takes up what a crash cut off, and starts the schedule.
 * @throws store_unopenable · store_newer · kek_missing · kek_wrong · journal_held · journal_unwritable · journal_foreign
 */
export async function openNode(options: NodeOptions): Promise<OpenNode> {
  const { folder, chance } = options;
  const clock = new NodeClock(options.time, options.limits);
  const { time } = clock;
  const opened: { close(): Promise<void> }[] = [];
  try {
    const place = { choice: options.store, folder, time };
    const { ring, deployment } = await readDeployment(place, options);
    const sealer = keySealer({ ring, deployment: deployment.id, keyCheck: deployment.keyCheck, chance });
    const journal = await openJournal({ folder: `${folder}/journal`, ring, deployment: deployment.id, time, chance });
    opened.unshift(journal);
    refuseMemory(journal, options);
    const custody = ringCustody({
      ...{ ring, deployment: deployment.id, chance, journalKeys: () => journal.keyIds() },
      place: keyRingPlace(keySourceOf(options), { chance, time: realTime() }),
    });
    const watched = new WatchedJournal(journal);
    const { store, archive, signals, clockSkew, server } = await openStore(place, {
      node: journal.node,
      mark: () => watched.mark(),
    });
    opened.unshift(store);
    if (clockSkew !== null) clock.follow(clockSkew);
    const memory = rememberedStore(`${folder}/journal`);
    const clockMemory = rememberedClock(`${folder}/journal`);
    const storeHealth = new StoreHealth(store, () => time.wallMs());
    const activity = new Activity(options.onIdle);
    // Peers live in real time, whatever clock the keeper follows.
    const sockets = { time: realTime(), limits: options.limits };
    const tokenEndpoint = httpTokenEndpoint(sockets);
    const providerApi = httpProviderApi(sockets);
    const { requestTimeoutMs: timeoutMs } = options.limits;
    const mailer = options.mail == null ? null : smtpMailer(options.mail, { timeoutMs });
    const webhooks = webhookSender({ timeoutMs });
    const assertions = assertionVerifier({
      // Assertions bear the instants of other people's clocks.
      ...{ time: options.time, sockets: sockets.time, limits: options.limits, folder: `${folder}/keys` },
      networks: networksOf(options.keyNetworks),
    });
    opened.unshift(tokenEndpoint, providerApi, assertions, webhooks, ...(mailer === null ? [] : [mailer]));
    const running = createKeeper(
      {
        ...options,
        ...{ time, clock },
        store: storeHealth.store,
        journal: watched,
        sealer,
        custody,
        backups: backupsOf({ archive, ring, deployment: deployment.id, time, chance }),
        tokenEndpoint,
        providerApi,
        assertions,
        node: journal.node,
        owner: newId<LeaseOwner>("lo", chance),
        shared: signals === null ? null : { pace: realTime(), ...signals },
        activity,
        channels: { mailer, webhooks },
        provenance: {
          exclusive: signals === null,
          mark: () => watched.mark(),
          acknowledge: (position) => watched.acknowledge(position),
          server,
          remembered: () => memory.read(),
          remember: (identity) => memory.write(identity),
          clockMark: () => clockMemory.read(),
          rememberClock: (mark) => clockMemory.write(mark),
        },
      },
      deployment,
      () => {
        const detail = whyNotRefreshing(watched, storeHealth);
        return { refreshing: detail === null, detail };
      },
    );
    await running.start();
    // Known from the start, so that operators come in and see what is going on also while the database is away.
    await running.keeper.operators.list();
    return {
      keeper: running.keeper,
      isIdle: () => activity.idle,
      rest: () => running.rest(),
      close: async () => {
        await running.stop();
        for (const part of opened) await part.close();
      },
    };
  } catch (error) {
    for (const part of opened) await part.close();
    throw error;
  }
}

// Which deployment a store is decides which key and journal belong to it; only then can it be opened in the node's own name.
async function readDeployment(
  place: StorePlace,
  options: NodeOptions,
): Promise<{ ring: KeyRing; deployment: Deployment }> {
  const { store } = await openStore(place, { node: "first-look" as NodeId });
  try {
    return await openDeployment(store, options);
  } finally {
    await store.close();
  }
}

// A store without a deployment is empty: only then a key may be made. Any other store has to be opened by the key it has.
async function openDeployment(store: Store, options: NodeOptions): Promise<{ ring: KeyRing; deployment: Deployment }> {
  const { chance, time, folder } = options;
  const known = await store.deployment.read();
  if (known === undefined) refuseMemory(await tryJournalFolder(`${folder}/journal`), options);
  const storeIsEmpty = known === undefined;
  const ring = await openKeyRing(keySourceOf(options), { storeIsEmpty, chance, time: realTime() });
  if (known !== undefined) {
    if (known.primaryKey !== undefined && !ring.usePrimary(known.primaryKey))
      throw new EvergrantError("kek_wrong", { detail: `the primary key ${known.primaryKey} is not in the key ring` });
    return { ring, deployment: known };
  }
  const operatorKey = new Secret(`evk_${newSecretText(chance)}`);
  options.keepOperatorKey(operatorKey);
  const id = newId<string>("dp", chance);
  const deployment = await store.deployment.create({
    id,
    incarnation: 1,
    keyCheck: makeKeyCheck(ring, id, chance),
    createdAtMs: time.wallMs(),
    operatorKeySha256: digest(operatorKey),
    quarantine: null,
    released: null,
  });
  if (deployment.id !== id)
    throw new EvergrantError("store_unopenable", {
      detail: "another node made this deployment at the same moment; start again",
    });
  return { ring, deployment };
}

function keySourceOf({ keyRing, folder }: NodeOptions): KeyRingSource {
  return keyRing ?? { kind: "file", path: `${folder}/kek` };
}

function networksOf(texts: readonly string[]): readonly Network[] {
  return texts.map((text) => {
    const network = parseNetwork(text);
    if (network === null) throw new EvergrantError("input_invalid", { detail: `${text} is no network` });
    return network;
  });
}

function refuseMemory(journal: { readonly onMemoryDisk: boolean }, options: NodeOptions): void {
  if (journal.onMemoryDisk && !options.journalMayVanish) throw new EvergrantError("journal_on_memory");
}

function whyNotRefreshing(journal: WatchedJournal, store: StoreHealth): string | null {
  if (!journal.writable) return "the journal cannot be written";
  return store.writable ? null : "the store cannot be written";
}
