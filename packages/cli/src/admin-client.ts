import { ReadableStream } from "node:stream/web";
import {
  ADMIN_API,
  ADMIN_API_PREFIX,
  BACKUP_MEDIA_TYPE,
  type BackupSummary,
  backupSummarySchema,
  type Operation,
  type OperationAnswer,
  type OperationInput,
  type OperationName,
  problemSchema,
} from "@evergrant/contract";
import { EvergrantError, type Secret } from "@evergrant/core";
import { NodeRefusal, UsageError } from "./command-failure.ts";
import { isLoopbackUrl } from "./loopback.ts";

export interface AdminAsk<Name extends OperationName> {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: OperationInput<Name>;
}

/** A running node's admin API. */
export interface AdminClient {
  /** @throws NodeRefusal when the node says no · EvergrantError `node_unreachable` when none answers · UsageError for a name that cannot be one */
  call<Name extends OperationName>(name: Name, ask?: AdminAsk<Name>): Promise<OperationAnswer<Name>>;
  /** The bytes of a backup, as the node reads them. Throws as `call`. */
  backup(): AsyncIterable<Uint8Array>;
  /** Lets the node read a backup back. Throws as `call`. */
  verifyBackup(bytes: AsyncIterable<Uint8Array>): Promise<BackupSummary>;
}

/** Removing a connection waits for the provider, so this is longer than the node's own limits. */
const ANSWER_TIMEOUT_MS = 90_000;

/** @throws plain_http_refused off loopback: the operator key would travel in clear */
export function createAdminClient(node: { readonly url: string; readonly operatorKey: Secret }): AdminClient {
  if (!URL.canParse(node.url)) throw new UsageError(`--url is not a URL: ${node.url}`);
  if (new URL(node.url).protocol !== "https:" && !isLoopbackUrl(node.url))
    throw new EvergrantError("plain_http_refused");
  return {
    call: async (name, ask = {}) => {
      const operation: Operation = ADMIN_API[name];
      const response = await send(node, addressOf(operation, node.url, ask), {
        method: operation.method,
        ...(ask.body === undefined ? {} : { body: JSON.stringify(ask.body) }),
      });
      const text = await textOf(response, node.url);
      if (!response.ok) throw refusalOf(text, node.url);
      const answer = operation.answer.safeParse(text === "" ? undefined : parseJson(text));
      if (!answer.success) throw notEvergrant(node.url);
      // The table that names the schema of the answer is the table that its type is drawn from.
      return answer.data as OperationAnswer<typeof name>;
    },
    async *backup() {
      const response = await send(node, new URL(`${ADMIN_API_PREFIX}/backup`, node.url), {
        method: "POST",
        patient: true,
      });
      if (!response.ok) throw refusalOf(await textOf(response, node.url), node.url);
      yield* bytesOf(response, node.url);
    },
    verifyBackup: async (bytes) => {
      const address = new URL(`${ADMIN_API_PREFIX}/backup/verification`, node.url);
      const response = await send(node, address, { method: "POST", bytes, patient: true });
      const text = await textOf(response, node.url);
      if (!response.ok) throw refusalOf(text, node.url);
      const summary = backupSummarySchema.safeParse(parseJson(text));
      if (!summary.success) throw notEvergrant(node.url);
      return summary.data;
    },
  };
}

function addressOf(operation: Operation, url: string, ask: AdminAsk<OperationName>): URL {
  const params = operation.params.safeParse(ask.params ?? {});
  if (!params.success)
    throw new UsageError(params.error.issues.map(({ path, message }) => `${path.join(".")} ${message}`).join("; "));
  const path = operation.path.replace(/:(\w+)/g, (_whole, name: string) =>
    encodeURIComponent(ask.params?.[name] ?? ""),
  );
  const address = new URL(`${ADMIN_API_PREFIX}${path}`, url);
  for (const [name, value] of Object.entries(ask.query ?? {})) address.searchParams.set(name, value);
  return address;
}

async function send(
  node: { readonly url: string; readonly operatorKey: Secret },
  address: URL,
  init: {
    readonly method: string;
    readonly body?: string;
    readonly bytes?: AsyncIterable<Uint8Array>;
    /** As long as it takes: a backup is as long as its store. */
    readonly patient?: boolean;
  },
): Promise<Response> {
  const { method, body, bytes, patient = false } = init;
  try {
    return await fetch(address, {
      method,
      ...(body === undefined ? {} : { body }),
      ...(bytes === undefined ? {} : { body: streamOf(bytes), duplex: "half" as const }),
      // The key goes to the address that was named, and to no other.
      redirect: "error",
      headers: {
        authorization: `Bearer ${node.operatorKey.reveal()}`,
        accept: "application/json",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(bytes === undefined ? {} : { "content-type": BACKUP_MEDIA_TYPE }),
      },
      ...(patient ? {} : { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) }),
    });
  } catch (error) {
    throw new EvergrantError("node_unreachable", { detail: node.url, cause: error });
  }
}

// One object under two declarations: Node's own, and the one that the types of `fetch` are written with.
const streamOf = (bytes: AsyncIterable<Uint8Array>) => ReadableStream.from(bytes) as unknown as BodyInit;

async function* bytesOf(response: Response, url: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of response.body ?? []) yield chunk as Uint8Array;
  } catch (error) {
    throw new EvergrantError("node_unreachable", { detail: `${url} broke off its answer`, cause: error });
  }
}

async function textOf(response: Response, url: string): Promise<string> {
  try {
    return await response.text();
  } catch (error) {
    throw new EvergrantError("node_unreachable", { detail: `${url} broke off its answer`, cause: error });
  }
}

function refusalOf(text: string, url: string): Error {
  const problem = problemSchema.safeParse(parseJson(text));
  return problem.success ? new NodeRefusal(problem.data) : notEvergrant(url);
}

function notEvergrant(url: string): EvergrantError {
  return new EvergrantError("node_unreachable", { detail: `what answers at ${url} is not this version of Evergrant` });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
