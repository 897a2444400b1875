import type { Story } from "@evergrant/contract";
import { duration, localInstant } from "./instants.ts";
import { printable } from "./table.ts";

type StoryEvent = Story["events"][number];
type Facts = StoryEvent["facts"];

/** One event of a connection's story as a sentence; an event without one is told by its name and facts. */
export function eventSentence({ event, facts }: StoryEvent): string {
  const sentence = Object.hasOwn(SENTENCES, event) ? SENTENCES[event] : undefined;
  return printable(sentence === undefined ? unknownEvent(event, facts) : sentence(facts));
}

const SENTENCES: Readonly<Record<string, (facts: Facts) => string>> = {
  "attempt-begun": ({ because }) => `A new access token was asked for${because ? ` (${words(because)})` : ""}.`,
  "access-token-refused": () =>
    "A caller said that the API refused the access token, and the API, asked for it, did: another one is fetched.",
  renewed: ({ rotated, expiresAtMs }) =>
    `A new access token came${rotated === true ? " with a new refresh token" : ""}${until(expiresAtMs)}.`,
  "attempt-failed": ({ class: kind, detail, failures, retryAtMs }) =>
    `No usable answer: ${words(kind)} (${String(detail)}), ${times(failures)} in a row${tryAgain(retryAtMs)}. The grant is kept.`,
  "attempt-overtaken": ({ class: kind }) =>
    `No usable answer (${words(kind)}) to a request whose token another answer had renewed meanwhile. The grant is kept.`,
  refused: ({ head }) =>
    `The provider refused ${head === true ? "the current" : "an older"} refresh token. It is asked again before anything is declared lost.`,
  "not-authorised": ({ retryAtMs }) =>
    `The provider says that this connection is not authorised${tryAgain(retryAtMs)}.`,
  "late-token-kept": () => "An answer that had been given up came after all; its token is kept.",
  "late-token-sealed": () => "An answer for an earlier consent came late; its token is sealed and never used.",
  "send-remembered": () =>
    "The database had gone back in time and forgotten that a refresh token was sent. That is known again, and what came of it is found out in time.",
  "declared-lost": ({ reason, satForMs }) =>
    `The grant was declared lost (${words(reason)})${typeof satForMs === "number" ? `, after ${duration(satForMs)} of asking again` : ""}. A person has to consent again.`,
  "left-to-original": () =>
    "An operator said that this database is a copy: the grant is left to the original and never used here. It needs a consent of its own.",
  "lapse-warned": ({ level, idleForMs }) =>
    `A warning went out (${words(level)}): unused${typeof idleForMs === "number" ? ` for ${duration(idleForMs)}` : ""}, the grant nears its lapse.`,
  consented: () => "A person consented; a new chain of tokens began.",
  "consent-link-created": ({ accept, expiresAtMs }) =>
    `A consent link was made${accept === "any-tenant" ? " that accepts any organisation" : ""}${until(expiresAtMs)}.`,
  "consent-started": ({ address }) => `Somebody opened the consent link${from(address)} and went to the provider.`,
  "code-claimed": ({ address }) =>
    `The person came back${from(address)} with an authorization code; it is exchanged once.`,
  "consent-declined": () => "The person declined access.",
  "consent-failed": ({ code, detail }) => `The consent failed: ${words(code)}${detail ? ` (${String(detail)})` : ""}.`,
  "consent-received": () => "The provider's answer to a consent was received.",
  "consent-accepted": () => "The consent was accepted.",
  "consent-held": ({ because, tenants }) => `The consent waits for an operator (${words(because)})${of(tenants)}.`,
  "consent-refused": () => "An operator refused the consent.",
  "connection-attached": ({ tenants }) => `The connection stands on a grant${of(tenants)}.`,
  "consent-links-revoked": () => "All links for a first consent that were sent so far became invalid.",
  "consent-decided": () => "An operator said yes to the consent; it is being put to use.",
  "revocation-asked": ({ connections }) => `An operator revoked the grant, and with it ${String(connections ?? "")}.`,
  "reconsent-links-revoked": () => "All links to consent again that were sent so far became invalid.",
  "connection-created": ({ app }) => `The connection was made with the app ${String(app ?? "unknown")}.`,
  "connection-disabled": () => "An operator disabled the connection.",
  "connection-enabled": () => "An operator enabled the connection.",
  "warm-hours-set": ({ warm }) =>
    warm === "idle"
      ? "An operator ended the warm hours: a token is kept ready only while somebody uses it."
      : `An operator had a token kept ready: ${String(warm)}.`,
  "connection-removed": () => "An operator removed the connection.",
  "tenant-gone": ({ tenant, name }) =>
    `The organisation ${String(name ?? tenant ?? "")} was disconnected at the provider.`,
  "tenant-back": ({ tenant, name }) =>
    `The organisation ${String(name ?? tenant ?? "")} is connected at the provider again.`,
  "tenant-renamed": ({ name, before }) =>
    `The organisation ${String(before ?? "")} is called ${String(name ?? "")} at the provider now.`,
  "tenant-also-reached": ({ tenant, name }) =>
    `The token reaches another organisation as well, ${String(name ?? tenant ?? "")}: the same person connected it to the same app.`,
  "tenant-no-longer-reached": ({ tenant, name }) =>
    `The token does not reach the organisation ${String(name ?? tenant ?? "")} any more, which was of no connection.`,
  "api-access-refused": ({ tenant, name }) =>
    `The API refuses calls for ${String(name ?? tenant ?? "an organisation")} although the provider lists it as connected: the person may have lost a role there, or the organisation may be inactive.`,
  "api-scope-missing": () =>
    "The API refused a call because the token lacks a scope: no refresh helps, only a consent with more scopes.",
  "grant-created": () => "A grant began.",
  "grant-ended": ({ reason }) => `The grant was ended (${words(reason)}).`,
};

function unknownEvent(event: string, facts: Facts): string {
  const told = Object.entries(facts).filter(([, value]) => value !== null);
  const details = told.map(([name, value]) => `${name} ${String(value)}`).join(", ");
  const title = words(event);
  return `${title.charAt(0).toUpperCase()}${title.slice(1)}${details === "" ? "" : ` (${details})`}.`;
}

function words(value: Facts[string] | undefined): string {
  return String(value ?? "unknown").replaceAll("-", " ");
}

function until(atMs: Facts[string] | undefined): string {
  return typeof atMs === "number" ? `, good until ${localInstant(atMs)}` : "";
}

function tryAgain(atMs: Facts[string] | undefined): string {
  return typeof atMs === "number" ? `; the next try is at ${localInstant(atMs)}` : "";
}

function times(count: Facts[string] | undefined): string {
  return typeof count === "number" && count !== 1 ? `${count} times` : "once";
}

function from(address: Facts[string] | undefined): string {
  return typeof address === "string" ? ` from ${address}` : "";
}

function of(tenants: Facts[string] | undefined): string {
  return typeof tenants === "string" && tenants !== "" ? ` for ${tenants}` : "";
}
