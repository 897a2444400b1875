import { readFile } from "node:fs/promises";
import {
  type Caller,
  type CallerAuthentication,
  GITHUB_ACTIONS_ISSUER,
  type KeySource,
  type Workload,
} from "@evergrant/contract";
import type { Command } from "commander";
import { UsageError } from "../command-failure.ts";

/** How a caller shows who it is, as options say it. */
export interface AuthenticationOptions {
  readonly keys?: string;
  readonly kubernetes: readonly string[];
  readonly githubActions: readonly string[];
  readonly oidc: readonly string[];
  readonly from?: string;
  readonly rate?: string;
}

export const NO_AUTHENTICATION: CallerAuthentication = {
  ...{ keys: null, workloads: [], networks: null, requestsPerMinute: null },
};

const WORKLOAD_HELP = "may be given again";

/** The options of `callers add` and `callers authenticate`. */
export function withAuthenticationOptions(command: Command): Command {
  return command
    .option(
      "--keys <source>",
      "its public keys, for private_key_jwt: a URL, or a file here with a JWK, a JWK set or PEM",
    )
    .option(
      "--kubernetes <workload>",
      `a service account: "issuer=URL audience=TEXT namespace=NAME account=NAME [keys=SOURCE]"; ${WORKLOAD_HELP}`,
      collect,
      [],
    )
    .option(
      "--github-actions <workload>",
      `a repository: "audience=TEXT repository-id=N owner-id=N [claim.NAME=TEXT]..."; ${WORKLOAD_HELP}`,
      collect,
      [],
    )
    .option(
      "--oidc <workload>",
      `any issuer's subject: "issuer=URL audience=TEXT subject=TEXT [claim.NAME=TEXT]... [keys=SOURCE]"; ${WORKLOAD_HELP}`,
      collect,
      [],
    )
    .option("--from <networks>", "where it may call from: ADDRESS/PREFIX, separated by commas; any for anywhere")
    .option("--rate <number>", "requests per minute that it may make at each node; any for no limit");
}

/** Whether any of the ways besides a secret was named. */
export function namesWays({ keys, kubernetes, githubActions, oidc }: AuthenticationOptions): boolean {
  return keys !== undefined || [kubernetes, githubActions, oidc].some((given) => given.length > 0);
}

/**
 * What options say, over what was so before: a way that is named takes the place of those of its kind, `none` and `any` take it away.
 * @throws UsageError
 */
export async function authenticationOf(
  options: AuthenticationOptions,
  before: CallerAuthentication,
): Promise<CallerAuthentication> {
  const { keys, kubernetes, githubActions, oidc, from, rate } = options;
  const none = [...kubernetes, ...githubActions, ...oidc].filter((text) => text === "none");
  const workloads = [
    ...kubernetes.filter(isDescribed).map(kubernetesOf),
    ...githubActions.filter(isDescribed).map(githubActionsOf),
    ...oidc.filter(isDescribed).map(oidcOf),
  ];
  return {
    keys: keys === undefined ? before.keys : keys === "none" ? null : await keysOf(keys),
    workloads: workloads.length > 0 || none.length > 0 ? workloads : before.workloads,
    networks: from === undefined ? before.networks : from === "any" ? null : from.split(",").map((text) => text.trim()),
    requestsPerMinute: rate === undefined ? before.requestsPerMinute : rate === "any" ? null : rateOf(rate),
  };
}

/** What a caller shows itself by, in a word or two for a table. */
export function waysText({ secrets, authentication }: Caller): string {
  const { keys, workloads } = authentication;
  const ways = [
    ...(secrets.length > 0 ? [`${secrets.length} secret${secrets.length > 1 ? "s" : ""}`] : []),
    ...(keys === null ? [] : ["keys"]),
    ...new Set(workloads.map(({ kind }) => kind)),
  ];
  return ways.join(", ") || "nothing";
}

/** From where and how often, where that is limited. */
export function limitsText({ authentication }: Caller): string {
  const { networks, requestsPerMinute } = authentication;
  const limits = [...(networks ?? []), ...(requestsPerMinute === null ? [] : [`${requestsPerMinute}/min`])];
  return limits.join(" ") || "-";
}

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];
const isDescribed = (text: string): boolean => text !== "none";

async function keysOf(source: string): Promise<KeySource> {
  if (URL.canParse(source) && /^https?:/.test(source)) return { kind: "url", url: source };
  const text = await readFile(source, "utf8").catch(() => {
    throw new UsageError(`--keys is a URL or a file that can be read, not ${source}.`);
  });
  return { kind: "keys", keys: text.includes("-----BEGIN") ? [await keyOfPem(text)] : keysOfJson(text) };
}

// A private key must not even leave this machine.
async function keyOfPem(text: string): Promise<Record<string, unknown>> {
  const { createPublicKey } = await import("node:crypto");
  if (text.includes("PRIVATE KEY")) throw new UsageError("--keys takes public keys: this file holds a private one.");
  try {
    return { ...createPublicKey(text).export({ format: "jwk" }) };
  } catch {
    throw new UsageError("--keys: this file holds no public key that can be read.");
  }
}

function keysOfJson(text: string): readonly Record<string, unknown>[] {
  const found = parsed(text);
  const keys: unknown = typeof found === "object" && found !== null && "keys" in found ? found.keys : [found];
  if (!Array.isArray(keys) || !keys.every((key) => typeof key === "object" && key !== null))
    throw new UsageError("--keys: this file holds no JSON Web Key and no set of them.");
  if (keys.some((key: object) => "d" in key || "k" in key))
    throw new UsageError("--keys takes public keys: this file holds a private one.");
  return keys as readonly Record<string, unknown>[];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function kubernetesOf(text: string): Workload {
  const { issuer = "", audience = "", namespace = "", account = "", ...rest } = wordsOf("--kubernetes", text);
  if ([issuer, audience, namespace, account].includes("") || hasMore(rest, ["keys"])) throw wrong("--kubernetes", text);
  const keys = workloadKeys("--kubernetes", rest["keys"]);
  return { kind: "kubernetes", issuer, audience, namespace, serviceAccount: account, keys };
}

function githubActionsOf(text: string): Workload {
  const option = "--github-actions";
  const { "repository-id": repositoryId = "", "owner-id": ownerId = "", ...rest } = wordsOf(option, text);
  const { issuer = GITHUB_ACTIONS_ISSUER, audience = "" } = rest;
  if ([repositoryId, ownerId, audience].includes("") || hasMore(rest, ["issuer", "audience", "keys"]))
    throw wrong(option, text);
  const keys = workloadKeys(option, rest["keys"]);
  return { kind: "github-actions", issuer, audience, repositoryId, ownerId, claims: claimsOf(rest), keys };
}

function oidcOf(text: string): Workload {
  const { issuer = "", audience = "", subject = "", ...rest } = wordsOf("--oidc", text);
  if ([issuer, audience, subject].includes("") || hasMore(rest, ["keys"])) throw wrong("--oidc", text);
  const keys = workloadKeys("--oidc", rest["keys"]);
  return { kind: "oidc", issuer, audience, subject, claims: claimsOf(rest), keys };
}

type Words = Readonly<Record<string, string>>;

function wordsOf(option: string, text: string): Words {
  const pairs = text
    .trim()
    .split(/\s+/)
    .map((word) => [word.slice(0, Math.max(word.indexOf("="), 0)), word.slice(word.indexOf("=") + 1)] as const);
  const names = pairs.map(([name]) => name);
  if (names.includes("") || new Set(names).size < names.length) throw wrong(option, text);
  return Object.fromEntries(pairs);
}

const hasMore = (words: Words, known: readonly string[]): boolean =>
  Object.keys(words).some((name) => !known.includes(name) && !name.startsWith(CLAIM));

const CLAIM = "claim.";

function claimsOf(words: Words): Record<string, string> {
  const claims = Object.entries(words).filter(([name]) => name.startsWith(CLAIM));
  return Object.fromEntries(claims.map(([name, value]) => [name.slice(CLAIM.length), value]));
}

function workloadKeys(option: string, source: string | undefined): Workload["keys"] {
  if (source === undefined || source === "discovery") return { kind: "discovery" };
  if (/^https?:/.test(source)) return { kind: "url", url: source };
  if (source.endsWith(".json")) return { kind: "file", file: source };
  throw new UsageError(`${option}: keys is discovery, a URL, or the name of a file in the folder keys of each node.`);
}

function rateOf(text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new UsageError(`--rate is a whole number of requests per minute, or any; not ${text}.`);
}

function wrong(option: string, text: string): UsageError {
  return new UsageError(`${option} is written as its help says, each NAME=VALUE once; not "${text}".`);
}
