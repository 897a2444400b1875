import { EvergrantError, type RecipientId, Secret } from "@evergrant/core";
import type { ListPlace } from "../ports/list-place.ts";
import type { Delivery, DeliveryStatus, NoticeCounts, StoredRecipient } from "../ports/notice-store.ts";
import type { Records } from "../ports/records.ts";
import type { WrappedKey } from "../ports/sealer.ts";
import type { ConnectionDirectory } from "./connection-directory.ts";
import type { DeliveryView, NewRecipient, Notices, RecipientView } from "./keeper.ts";
import { newId } from "./new-id.ts";
import { type Page, type PageAsk, pageOf } from "./pages.ts";
import { checkedAddress } from "./recipient-address.ts";
import type { ServiceContext } from "./service-context.ts";

const SECRETS_AT_MOST = 2;
const RECIPIENTS_AT_MOST = 1_000;
const REPLAYED_AT_MOST = 1_000;

/** Who is told, as operators see and set it. */
export class NoticeDesk implements Notices {
  readonly #context: ServiceContext;
  readonly #connections: ConnectionDirectory;
  /** Called when something is to go out at once. */
  onReplayed: () => void = () => undefined;

  constructor(context: ServiceContext, connections: ConnectionDirectory) {
    this.#context = context;
    this.#connections = connections;
  }

  async recipients(): Promise<readonly RecipientView[]> {
    return (await this.#context.store.notices.recipients()).map((recipient) => this.#view(recipient));
  }

  async addRecipient(request: NewRecipient): Promise<{ recipient: RecipientView; secret: Secret | null }> {
    const { chance, sealer, store, time, channels } = this.#context;
    const { channel, only, by } = request;
    const address = checkedAddress(channel, request.address);
    if (channel === "email" && channels?.mailer == null) throw new EvergrantError("mail_server_missing");
    const connection = request.connection === null ? null : (this.#connections.idOf(request.connection) ?? "unknown");
    if (connection === "unknown") throw new EvergrantError("connection_unknown");
    if ((await store.notices.recipients()).length >= RECIPIENTS_AT_MOST)
      throw new EvergrantError("input_invalid", { detail: `there are ${RECIPIENTS_AT_MOST} recipients already` });
    const id = newId<RecipientId>("rc", chance);
    const secret = channel === "webhook" ? this.#newSecret() : null;
    const dataKey = secret === null ? null : sealer.newDataKey(id);
    const secrets = secret === null || dataKey === null ? [] : [this.#seal({ id, dataKey }, secret)];
    const createdAtMs = time.wallMs();
    const recipient = { id, channel, address, connection, only, dataKey, secrets, disabledAtMs: null, createdAtMs };
    const facts = { channel, address, connection: request.connection };
    const created = await store.notices.createRecipient(recipient, this.#records(id, "recipient-added", by, facts));
    if (created === "exists") throw new EvergrantError("recipient_exists");
    return { recipient: this.#view(recipient), secret };
  }

  async addSecret(id: RecipientId, by: string): Promise<{ secret: Secret }> {
    const secret = this.#newSecret();
    await this.#change(id, { event: "recipient-secret-added", by }, (recipient) => {
      const { dataKey, secrets } = recipient;
      if (dataKey === null) throw new EvergrantError("recipient_has_no_secret");
      return { ...recipient, secrets: [this.#seal({ id, dataKey }, secret), ...secrets].slice(0, SECRETS_AT_MOST) };
    });
    return { secret };
  }

  async setDisabled(id: RecipientId, disabled: boolean, by: string): Promise<RecipientView> {
    const disabledAtMs = disabled ? this.#context.time.wallMs() : null;
    const event = disabled ? "recipient-disabled" : "recipient-enabled";
    const changed = await this.#change(id, { event, by }, (recipient) => ({ ...recipient, disabledAtMs }));
    this.onReplayed();
    return this.#view(changed);
  }

  async removeRecipient(id: RecipientId, by: string): Promise<void> {
    const removed = await this.#context.store.notices.removeRecipient(
      id,
      this.#records(id, "recipient-removed", by, {}),
    );
    if (!removed) throw new EvergrantError("recipient_unknown");
  }

  async deliveries(status: DeliveryStatus | null, from: PageAsk): Promise<Page<DeliveryView>> {
    const { notices } = this.#context.store;
    const rows = (after: ListPlace | null, limit: number) =>
      notices.deliveries(status, limit, after === null ? undefined : idAt(after));
    const { items, next } = await pageOf<Delivery>({ name: "deliveries", rows, placeOf }, from);
    const addresses = new Map((await notices.recipients()).map(({ id, address }) => [id, address]));
    return {
      items: items.map((delivery) => ({ ...viewOf(delivery), address: addresses.get(delivery.recipient) ?? "" })),
      next,
    };
  }

  async replay(which: readonly number[] | "dead", by: string): Promise<number> {
    const { store, time } = this.#context;
    const ids =
      which === "dead" ? (await store.notices.deliveries("dead", REPLAYED_AT_MOST)).map(({ id }) => id) : which;
    const records = this.#records("" as RecipientId, "notices-replayed", by, { deliveries: ids.length });
    const replayed = await store.notices.replay(ids, time.wallMs(), records);
    this.onReplayed();
    return replayed;
  }

  counts(): Promise<NoticeCounts> {
    return this.#context.store.notices.counts();
  }

  /** Opened for one turn, newest first. */
  secretsOf({ id, dataKey, secrets }: StoredRecipient): readonly Secret[] {
    if (dataKey === null) return [];
    return secrets.map((secret) => this.#context.sealer.open(dataKey, contextOf(id, secret.id), secret.sealed));
  }

  async #change(
    id: RecipientId,
    { event, by }: { readonly event: string; readonly by: string },
    change: (recipient: StoredRecipient) => StoredRecipient,
  ): Promise<StoredRecipient> {
    const changed = await this.#context.store.notices.changeRecipient(id, (recipient) => ({
      recipient: change(recipient),
      records: this.#records(id, event, by, {}),
    }));
    if (changed === undefined) throw new EvergrantError("recipient_unknown");
    return changed;
  }

  // 256 random bits; Standard Webhooks asks for 192 to 512.
  #newSecret(): Secret {
    return new Secret(`whsec_${Buffer.from(this.#context.chance.bytes(32)).toString("base64")}`);
  }

  #seal({ id, dataKey }: { readonly id: RecipientId; readonly dataKey: WrappedKey }, secret: Secret) {
    const { chance, sealer, time } = this.#context;
    const version = newId<string>("sc", chance);
    return { id: version, sealed: sealer.seal(dataKey, contextOf(id, version), secret), addedAtMs: time.wallMs() };
  }

  #records(id: RecipientId, event: string, by: string, facts: Records["audit"][number]["facts"]): Records {
    const subject = { kind: "recipient", id } as const;
    return { audit: [{ event, subject, atMs: this.#context.time.wallMs(), by, facts }], notices: [] };
  }

  #view({
    id,
    channel,
    address,
    connection,
    only,
    secrets,
    disabledAtMs,
    createdAtMs,
  }: StoredRecipient): RecipientView {
    const shown = secrets.map((secret) => ({ id: secret.id, addedAtMs: secret.addedAtMs }));
    const name = connection === null ? null : (this.#connections.get(connection)?.name ?? "(removed)");
    return { id, channel, address, connection: name, only, secrets: shown, disabledAtMs, createdAtMs };
  }
}

function contextOf(owner: RecipientId, version: string) {
  return { owner, chain: "", kind: "webhook-secret", version } as const;
}

// Their ids count up, and say the order alone.
const placeOf = ({ id, notice }: Delivery): ListPlace => ({ atMs: notice.atMs, id: String(id) });

function idAt({ id }: ListPlace): number {
  const known = Number(id);
  if (!Number.isSafeInteger(known)) throw new EvergrantError("input_invalid", { detail: "cursor" });
  return known;
}

function viewOf(delivery: Delivery): Omit<DeliveryView, "address"> {
  const { id, told, recipient, status, attempts, notice, dueAtMs, error, settledAtMs } = delivery;
  const next = status === "waiting" ? dueAtMs : null;
  return { id, notice: told, recipient, status, attempts, atMs: notice.atMs, dueAtMs: next, error, settledAtMs };
}
