import type { ProtocolCase } from "./case.ts";
import { basic, tokensOf, told } from "./conversation.ts";

const invalidGrant = ["400 invalid_grant"];
const invalidClient = ["401 invalid_client"];

/** RFC 6749: the token endpoint. */
export const TOKEN_CASES: readonly ProtocolCase[] = [
  {
    name: "a code gives tokens, and nobody may store the answer",
    rule: "RFC 6749 §5.1",
    async ask(c) {
      const answer = await c.redeem(await c.code());
      const { token_type, expires_in, refresh_token, id_token } = answer.body;
      const cached = /no-store/.test(answer.headers.get("cache-control") ?? "") ? "no-store" : "cacheable";
      return `${told(answer)}, ${String(token_type).toLowerCase()}, ${typeof expires_in}, ${typeof refresh_token}, ${typeof id_token}, ${cached}`;
    },
    allowed: ["200 tokens, bearer, number, string, string, no-store"],
  },
  {
    name: "a client may send its secret in the body",
    rule: "RFC 6749 §2.3.1",
    async ask(c) {
      const { posting } = c.server.clients;
      const form = {
        grant_type: "authorization_code",
        code: await c.code({}, posting),
        redirect_uri: c.server.redirectUri,
        client_id: posting.id,
        client_secret: posting.secret ?? "",
      };
      return told(await c.send(c.server.endpoints.token, new URLSearchParams(form)));
    },
    allowed: ["200 tokens"],
  },
  {
    name: "a wrong secret is refused with a challenge",
    rule: "RFC 6749 §5.2",
    async ask(c) {
      const answer = await c.refresh("x", { id: c.server.clients.web.id, secret: "wrong" });
      return `${told(answer)}, ${answer.headers.has("www-authenticate") ? "challenged" : "no challenge"}`;
    },
    allowed: ["401 invalid_client, challenged"],
  },
  {
    name: "an unknown client is refused",
    rule: "RFC 6749 §5.2",
    ask: async (c) => told(await c.refresh("x", { id: "nobody-at-all", secret: "wrong" })),
    allowed: invalidClient,
  },
  {
    name: "a confidential client without its secret is refused",
    rule: "RFC 6749 §3.2.1",
    ask: async (c) => told(await c.refresh("x", { id: c.server.clients.web.id, secret: null })),
    allowed: invalidClient,
  },
  {
    name: "credentials in the address are not looked at",
    rule: "RFC 6749 §2.3.1",
    async ask(c) {
      const { id, secret } = c.server.clients.posting;
      const query = new URLSearchParams({ client_id: id, client_secret: secret ?? "" });
      const form = new URLSearchParams({ grant_type: "refresh_token", refresh_token: "x" });
      return told(await c.send(`${c.server.endpoints.token}?${query}`, form));
    },
    allowed: ["400 invalid_request", ...invalidClient],
  },
  {
    name: "two ways to authenticate at once",
    rule: "RFC 6749 §2.3 forbids it to the client; what a server answers is open",
    async ask(c) {
      const { web } = c.server.clients;
      const form = {
        grant_type: "refresh_token",
        refresh_token: "x",
        client_id: web.id,
        client_secret: web.secret ?? "",
      };
      return told(await c.send(c.server.endpoints.token, new URLSearchParams(form), { authorization: basic(web) }));
    },
    allowed: ["400 invalid_request", ...invalidClient, ...invalidGrant],
  },
  {
    name: "an unknown grant type is refused",
    rule: "RFC 6749 §5.2",
    ask: async (c) => told(await c.token({ grant_type: "urn:example:none" })),
    allowed: ["400 unsupported_grant_type"],
  },
  {
    name: "no grant type is refused",
    rule: "RFC 6749 §5.2: a missing parameter",
    ask: async (c) => told(await c.token({ refresh_token: "x" })),
    allowed: ["400 invalid_request"],
  },
  {
    name: "a repeated parameter is refused",
    rule: "RFC 6749 §3.2",
    async ask(c) {
      const { refresh } = await c.tokens();
      const form = new URLSearchParams({ grant_type: "refresh_token", refresh_token: refresh });
      form.append("refresh_token", refresh);
      return told(await c.send(c.server.endpoints.token, form, { authorization: basic(c.server.clients.web) }));
    },
    allowed: ["400 invalid_request"],
  },
  {
    name: "no code, and no refresh token, are refused",
    rule: "RFC 6749 §5.2: a missing parameter",
    async ask(c) {
      const asked = [
        { grant_type: "authorization_code", redirect_uri: c.server.redirectUri },
        { grant_type: "refresh_token" },
      ];
      const answers = await Promise.all(asked.map(async (form) => told(await c.token(form))));
      return answers.join(", ");
    },
    allowed: ["400 invalid_request, 400 invalid_request"],
  },
  {
    name: "JSON is no form",
    rule: "RFC 6749 §4.1.3",
    async ask(c) {
      const { refresh } = await c.tokens();
      const body = JSON.stringify({ grant_type: "refresh_token", refresh_token: refresh });
      const headers = { "content-type": "application/json", authorization: basic(c.server.clients.web) };
      return told(await c.send(c.server.endpoints.token, body, headers));
    },
    allowed: ["400 invalid_request", "400 unsupported_grant_type"],
  },
  {
    name: "tokens are not given to GET",
    rule: "RFC 6749 §3.2",
    async ask(c) {
      const { refresh } = await c.tokens();
      const query = new URLSearchParams({ grant_type: "refresh_token", refresh_token: refresh });
      const headers = { authorization: basic(c.server.clients.web) };
      const answer = await fetch(`${c.server.endpoints.token}?${query}`, { headers });
      await answer.arrayBuffer();
      return String(answer.status);
    },
    allowed: ["404", "405"],
  },
  {
    name: "a refresh rotates, and keeps the scope",
    rule: "RFC 6749 §6, RFC 9700 §4.14.2",
    async ask(c) {
      const first = await c.redeem(await c.code());
      const next = await c.refresh(tokensOf(first).refresh);
      const rotated = next.body.refresh_token !== first.body.refresh_token ? "rotated" : "kept";
      return `${told(next)}, ${rotated}, ${next.body.scope === first.body.scope ? "same scope" : "other scope"}`;
    },
    allowed: ["200 tokens, rotated, same scope"],
  },
  {
    name: "a refresh that asks for more scope gets no more",
    rule: "RFC 6749 §6",
    async ask(c) {
      const { refresh } = await c.tokens();
      const scope = "openid email profile offline_access";
      const answer = await c.token({ grant_type: "refresh_token", refresh_token: refresh, scope });
      const more = String(answer.body.scope ?? "")
        .split(" ")
        .includes("profile");
      return `${told(answer)}${answer.status === 200 && more ? ", with more scope" : ""}`;
    },
    allowed: ["400 invalid_scope", "200 tokens"],
  },
  {
    name: "an access token, an ID token and a code are no refresh tokens",
    rule: "RFC 6749 §6",
    async ask(c) {
      const { access, id } = await c.tokens();
      const code = await c.code();
      const answers = await Promise.all([access, id, code].map(async (bogus) => told(await c.refresh(bogus))));
      return [...new Set(answers)].join(", ");
    },
    allowed: invalidGrant,
  },
  {
    name: "an ID token and a refresh token open no API",
    rule: "RFC 6750 §3.1",
    async ask(c) {
      const { id, refresh } = await c.tokens();
      return `${await c.userinfo(id)} ${await c.userinfo(refresh)}`;
    },
    allowed: ["401 401"],
  },
];
