import { beginBooks } from "./accounting/seed-books.ts";
import { createAdvance } from "./advance.ts";
import { createClock } from "./clock.ts";
import { type Control, createControl } from "./control/control.ts";
import type { SnapshotParts } from "./control/snapshot-control.ts";
import { DESK_PATH } from "./desk/visit.ts";
import { type Change, createEngine, createLedger, DIALECTS, type DialectName, type Switches } from "./engine/index.ts";
import { SandboxError } from "./errors.ts";
import { createFaults } from "./faults.ts";
import { createFollowers } from "./followers.ts";
import { startHttp } from "./http/start-http.ts";
import { type InitialState, initialState } from "./initial-state.ts";
import { mailDuty } from "./mail/mail-duty.ts";
import { type Mailer, smtpMailer } from "./mail/mailer.ts";
import { createOneAtATime } from "./one-at-a-time.ts";
import { concernsOutbound, createOutbound, type Outbound } from "./outbound.ts";
import { realTime } from "./real-time.ts";
import { createRequestJournal } from "./request-journal.ts";
import { seededMint } from "./seeded-mint.ts";
import { loadSigningKeys } from "./signing-keys.ts";
import { restore } from "./snapshot/restore.ts";
import { takeSnapshot } from "./snapshot/snapshot.ts";
import { openSandboxDatabase, type SandboxDatabase, type StoredKey } from "./store/sandbox-database.ts";
import type { Time } from "./time.ts";
import { webhookDuty } from "./webhooks/webhook-duty.ts";
import type { World } from "./world.ts";

export interface SandboxOptions {
  /** 0, the default: any free port. */
  readonly port?: number;
  /** The address to listen on; the control API answers only on this machine whatever it is. */
  readonly host?: string;
  /** Ids and secrets follow from it; `"random"` makes them unpredictable. A database keeps the seed it began with. */
  readonly seed?: number | "random";
  readonly dialect?: DialectName;
  /** Where to keep everything; without it the sandbox lives in memory. */
  readonly file?: string;
  readonly time?: Time;
  /** A second listener with TLS, for clients that are led here from Xero's own host names. PEM. */
  readonly tls?: { readonly key: string; readonly cert: string; readonly port?: number };
  /** Redirect URIs of the demo app; added to those a database already has. */
  readonly redirectUris?: readonly string[];
  /** Switches that differ from the dialect from the start. */
  readonly switches?: Partial<Switches>;
  /** The mail server that takes the mails of Custom Connections: `smtp://host:port`. Without it they stay in the outbox. */
  readonly smtp?: string;
  /** How long, in real time, a following process may take for one step of the clock. */
  readonly followerTimeoutMs?: number;
}

export interface Sandbox {
  readonly urls: {
    readonly identity: string;
    readonly login: string;
    readonly api: string;
    readonly control: string;
    readonly page: string;
  };
  readonly port: number;
  /** The port of the TLS listener, if one was asked for. */
  readonly tlsPort?: number;
  readonly control: Control;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts a sandbox: Xero's identity server, login pages and API on this machine. Throws `SandboxError` (`port_taken`, `database_in_use`, …). */
export async function createSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const initial = initialState(options);
  checkDialect(options.dialect ?? "xero");
  const mailer = options.smtp === undefined ? null : smtpMailer(options.smtp);
  const database = openSandboxDatabase(options.file ?? ":memory:");
  const closing = new AbortController();
  try {
    const assembled = await assemble(options, { initial, mailer, database, closing: closing.signal });
    const { world, followers, control, outbound } = assembled;
    const listen = { port: options.port ?? 0, host: options.host ?? "127.0.0.1", tls: options.tls ?? null };
    const http = await startHttp({ world, control, followers, listen });
    assembled.listensAt(http.ports.http);
    outbound.wake();
    const close = () => shut({ closing, stop: http.stop, outbound, mailer, database });
    return sandboxOf({ control, ports: http.ports, close });
  } catch (error) {
    database.close();
    throw error;
  }
}

// Whoever does not compile may name any.
function checkDialect(name: string): void {
  if (Object.hasOwn(DIALECTS, name)) return;
  const known = Object.keys(DIALECTS).join(", ");
  throw new SandboxError("bad_request", `There is no dialect ${JSON.stringify(name)}. Choose one of ${known}.`);
}

interface Foundations {
  readonly initial: InitialState;
  readonly mailer: Mailer | null;
  readonly database: SandboxDatabase;
  readonly closing: AbortSignal;
}

async function assemble(options: SandboxOptions, { initial, mailer, database, closing }: Foundations) {
  let outbound: Outbound | null = null;
  let commits = 0;
  const persist = (changes: readonly Change[], keys?: readonly StoredKey[]) => {
    database.commit(changes, keys);
    commits += 1;
    if (concernsOutbound(changes)) outbound?.wake();
  };
  const ledger = createLedger(database.load(), (changes) => persist(changes));
  initial.plantSeed(ledger);
  const mint = seededMint(() => String(ledger.get("settings", "seed")?.value));
  const engine = createEngine({ ledger, mint, dialect: options.dialect ?? "xero", beginBooks });
  const time = options.time ?? realTime;
  const clock = createClock(engine, time);
  // The keys are made in Node's threads, while the books are filled here.
  const [keys] = await Promise.all([
    loadSigningKeys(database, clock.nowMs()),
    (async () => engine.run(clock.nowMs(), initial.prepare))(),
  ]);
  const address = { port: 0 };
  const world: World = {
    engine,
    clock,
    keys,
    faults: createFaults((label) => chanceOf(mint.hex32(`fault:${label}`))),
    journal: createRequestJournal(),
    commits: () => commits,
    closing,
    ownOrigin: () => originAt(address.port),
    nextCorrelationId: numbered((count) => mint.uuid(`answer:${count}`)),
  };
  outbound = createOutbound({ clock, time, closing, duties: [mailDuty(world, mailer), webhookDuty(world)] });
  const followers = createFollowers();
  const idleTimeoutMs = options.followerTimeoutMs ?? 10_000;
  const oneAtATime = createOneAtATime();
  const advance = createAdvance({ clock, followers, outbound, view: engine.view, closing, idleTimeoutMs, oneAtATime });
  const replace = (rows: readonly Change[], keys: readonly StoredKey[]) =>
    ledger.replaceAll(rows, (changes) => persist(changes, keys));
  const restoring = { world, followers, outbound, wallMs: () => time.wallMs(), replace };
  const snapshots: SnapshotParts = {
    take: () => takeSnapshot(world, ledger),
    restore: (snapshot, how) => oneAtATime(() => restore(restoring, snapshot, how)),
    kept: {
      list: database.snapshots,
      get: database.snapshot,
      put: database.putSnapshot,
      remove: database.removeSnapshot,
    },
  };
  const control = createControl({ world, followers, advance, reseed: initial.reseed, snapshots });
  const listensAt = (port: number) => {
    address.port = port;
  };
  return { world, followers, outbound, control, listensAt };
}

/** A number in [0, 1) from the first 32 bits. */
const chanceOf = (hex: string): number => Number.parseInt(hex.slice(0, 8), 16) / 2 ** 32;

const originAt = (port: number): string => `http://localhost:${port}`;

function numbered<T>(make: (count: number) => T): () => T {
  let count = 0;
  return () => {
    count += 1;
    return make(count);
  };
}

function sandboxOf(parts: {
  readonly control: Control;
  readonly ports: { readonly http: number; readonly tls: number | null };
  close(): Promise<void>;
}): Sandbox {
  const { control, ports } = parts;
  const origin = originAt(ports.http);
  let closed: Promise<void> | null = null;
  const close = () => {
    closed ??= parts.close();
    return closed;
  };
  return {
    urls: {
      identity: origin,
      login: origin,
      api: origin,
      control: `${origin}/__sandbox`,
      page: `${origin}${DESK_PATH}`,
    },
    port: ports.http,
    ...(ports.tls === null ? {} : { tlsPort: ports.tls }),
    control,
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function shut(parts: {
  readonly closing: AbortController;
  readonly stop: () => Promise<void>;
  readonly outbound: Outbound;
  readonly mailer: Mailer | null;
  readonly database: SandboxDatabase;
}): Promise<void> {
  parts.closing.abort();
  await parts.stop();
  await parts.outbound.whenIdle();
  parts.mailer?.close();
  parts.database.close();
}
