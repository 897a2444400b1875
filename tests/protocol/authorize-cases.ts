import type { ProtocolCase } from "./case.ts";
import { challengeOf, toldVisit } from "./conversation.ts";

const loopback = (uri: string, change: (url: URL) => void): string => {
  const url = new URL(uri);
  change(url);
  return url.href;
};

/** Addresses that resemble the registered one. */
const FOREIGN: Readonly<Record<string, (uri: string) => string>> = {
  "a longer path": (uri) => `${uri}/more`,
  "a parent folder": (uri) =>
    loopback(uri, (url) => {
      url.pathname = "/";
    }),
  "a query added": (uri) => `${uri}?next=elsewhere`,
  "another host": () => "https://client.evil.example/callback",
  "the host as a user name": (uri) => uri.replace("localhost", "localhost@evil.example"),
  "another case": (uri) => uri.replace("/callback", "/Callback"),
  "a path that climbs": (uri) => `${uri}/../../evil`,
  "a fragment": (uri) => `${uri}#x`,
  "encoded bytes": (uri) => uri.replace("/callback", "/%63allback"),
};

/** RFC 6749 §4.1.1, RFC 9207 and RFC 9700: the authorize endpoint. */
export const AUTHORIZE_CASES: readonly ProtocolCase[] = [
  {
    name: "the metadata is that of its issuer, and says that callbacks name it",
    rule: "RFC 8414 §3.3, RFC 9207 §3",
    async ask(c) {
      const answer = await fetch(`${c.server.issuer}/.well-known/openid-configuration`);
      const metadata = (await answer.json()) as Readonly<Record<string, unknown>>;
      const methods = JSON.stringify(metadata["code_challenge_methods_supported"]);
      return `${metadata["issuer"] === c.server.issuer}, ${metadata["authorization_response_iss_parameter_supported"]}, ${methods}`;
    },
    allowed: ['true, true, ["S256"]'],
  },
  {
    name: "the page where a person logs in is not for frames, nor for caches",
    rule: "RFC 9700 §4.16",
    async ask(c) {
      const { headers } = await c.firstPage();
      const framed =
        /frame-ancestors/.test(headers.get("content-security-policy") ?? "") || headers.has("x-frame-options");
      return `${framed ? "no frames" : "frames"}, ${/no-store/.test(headers.get("cache-control") ?? "") ? "no-store" : "cacheable"}`;
    },
    allowed: ["no frames, no-store"],
  },
  {
    name: "a yes gives a code, the state as it was, and the issuer",
    rule: "RFC 6749 §4.1.2, RFC 9207 §2",
    async ask(c) {
      const state = "a b+c&d=e%20f/é";
      const visited = await c.visit({ state });
      if (visited.kind === "page") return "a page";
      const { params } = visited;
      return `${toldVisit(visited)}, ${params.get("state") === state ? "same state" : "other state"}, ${params.get("iss") === c.server.issuer ? "its issuer" : "no issuer"}`;
    },
    allowed: ["a code, same state, its issuer"],
  },
  {
    name: "a no gives access_denied, with state and issuer",
    rule: "RFC 6749 §4.1.2.1, RFC 9207 §2",
    async ask(c) {
      const visited = await c.visit({}, "decline");
      const params = visited.kind === "callback" ? visited.params : new URLSearchParams();
      return `${toldVisit(visited)}, ${params.get("state")}, ${params.get("iss") === c.server.issuer ? "its issuer" : "no issuer"}`;
    },
    allowed: ["access_denied, state-of-the-client, its issuer"],
  },
  {
    name: "an unknown client is told to the person alone",
    rule: "RFC 6749 §4.1.2.1",
    ask: async (c) => toldVisit(await c.visit({ client_id: "nobody-at-all" })),
    allowed: ["a page"],
  },
  ...Object.entries(FOREIGN).map(
    ([name, foreign]): ProtocolCase => ({
      name: `no redirect to ${name}`,
      rule: "RFC 9700 §4.1.3: redirect URIs are compared exactly",
      ask: async (c) => toldVisit(await c.visit({ redirect_uri: foreign(c.server.redirectUri) })),
      allowed: ["a page"],
    }),
  ),
  {
    name: "a response type that is not served",
    rule: "RFC 6749 §4.1.2.1, RFC 9700 §2.1.2",
    ask: async (c) => toldVisit(await c.visit({ response_type: "token", nonce: "n" })),
    allowed: ["unsupported_response_type", "unauthorized_client", "invalid_request"],
  },
  {
    name: "no response type",
    rule: "RFC 6749 §4.1.2.1: a missing parameter",
    ask: async (c) => toldVisit(await c.visit({ response_type: "" })),
    allowed: ["invalid_request"],
  },
  {
    name: "an unknown scope",
    rule: "RFC 6749 §3.3: refused, or left out of what is granted",
    ask: async (c) => toldVisit(await c.visit({ scope: "openid offline_access no.such.scope" })),
    allowed: ["invalid_scope", "a code"],
  },
  {
    name: "a repeated parameter",
    rule: "RFC 6749 §3.1",
    async ask(c) {
      return toldVisit(await c.server.visit(`${c.address()}&state=another`, "allow"));
    },
    allowed: ["invalid_request", "a page"],
  },
  {
    name: "the plain PKCE method",
    rule: "RFC 9700 §2.1.1: S256, which does not expose the verifier",
    ask: async (c) => toldVisit(await c.visit({ code_challenge: "v".repeat(43), code_challenge_method: "plain" })),
    allowed: ["invalid_request"],
  },
  {
    name: "a challenge that cannot be one",
    rule: "RFC 7636 §4.2",
    ask: async (c) => toldVisit(await c.visit({ code_challenge: "short", code_challenge_method: "S256" })),
    allowed: ["invalid_request"],
  },
  {
    name: "a method without a challenge",
    rule: "RFC 7636 §4.3",
    ask: async (c) => toldVisit(await c.visit({ code_challenge_method: "S256" })),
    allowed: ["invalid_request"],
  },
  {
    name: "a public client without a challenge",
    rule: "RFC 9700 §2.1.1",
    ask: async (c) => toldVisit(await c.server.visit(c.address({}, c.server.clients.native), "allow")),
    allowed: ["invalid_request"],
  },
  {
    name: "prompt=none without a login",
    rule: "OpenID Connect Core §3.1.2.6",
    ask: async (c) => toldVisit(await c.visit({ prompt: "none", scope: "openid", ...challengeOf("v".repeat(43)) })),
    allowed: ["login_required"],
  },
];
