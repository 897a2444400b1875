import { decodeJwt } from "jose";
import type { ProtocolCase } from "./case.ts";
import { challengeOf, tokensOf, told } from "./conversation.ts";

const verifier = "v".repeat(43);
const invalidGrant = ["400 invalid_grant"];

/** RFC 7636, RFC 7009 and RFC 9700: what an attacker tries. */
export const ATTACK_CASES: readonly ProtocolCase[] = [
  {
    name: "a code works once, and used again it ends the tokens it gave",
    rule: "RFC 6749 §4.1.2, RFC 9700 §2.1.1",
    async ask(c) {
      const code = await c.code();
      const first = tokensOf(await c.redeem(code));
      const again = told(await c.redeem(code));
      return `${again}, then ${told(await c.refresh(first.refresh))} and ${await c.userinfo(first.access)}`;
    },
    allowed: ["400 invalid_grant, then 400 invalid_grant and 401"],
  },
  {
    name: "a code redeemed at the same moment by twenty gives tokens to one at most",
    rule: "RFC 6749 §4.1.2",
    async ask(c) {
      const code = await c.code();
      const answers = await Promise.all(Array.from({ length: 20 }, () => c.redeem(code)));
      const refused = new Set(answers.filter(({ status }) => status !== 200).map(told));
      return `${answers.filter(({ status }) => status === 200).length} of 20, else ${[...refused].join(", ")}`;
    },
    allowed: ["1 of 20, else 400 invalid_grant"],
  },
  {
    name: "a code of one client is worth nothing to another, nor ended by it",
    rule: "RFC 6749 §4.1.3, client mix-up",
    async ask(c) {
      const code = await c.code();
      const foreign = told(await c.redeem(code, {}, c.server.clients.other));
      return `${foreign}, then ${told(await c.redeem(code))}`;
    },
    allowed: ["400 invalid_grant, then 200 tokens", "400 invalid_grant, then 400 invalid_grant"],
  },
  {
    name: "a code is bound to the redirect URI of its request",
    rule: "RFC 6749 §4.1.3",
    ask: async (c) => told(await c.redeem(await c.code(), { redirect_uri: "http://localhost:1/callback" })),
    allowed: invalidGrant,
  },
  {
    name: "a made-up code is refused",
    rule: "RFC 6749 §5.2",
    ask: async (c) => told(await c.redeem("0".repeat(43))),
    allowed: invalidGrant,
  },
  {
    name: "PKCE: the right verifier gives tokens, to a public client too",
    rule: "RFC 7636 §4.6",
    async ask(c) {
      const { web, native } = c.server.clients;
      const each = [web, native].map(async (client) =>
        told(await c.redeem(await c.code(challengeOf(verifier), client), { code_verifier: verifier }, client)),
      );
      return (await Promise.all(each)).join(", ");
    },
    allowed: ["200 tokens, 200 tokens"],
  },
  {
    name: "PKCE: a wrong verifier",
    rule: "RFC 7636 §4.6",
    ask: async (c) => told(await c.redeem(await c.code(challengeOf(verifier)), { code_verifier: "w".repeat(43) })),
    allowed: invalidGrant,
  },
  {
    name: "PKCE: no verifier for a code that has a challenge",
    rule: "RFC 7636 §4.6",
    ask: async (c) => told(await c.redeem(await c.code(challengeOf(verifier)))),
    allowed: invalidGrant,
  },
  {
    name: "PKCE downgrade: a verifier for a code that has no challenge",
    rule: "RFC 9700 §4.8.2",
    ask: async (c) => told(await c.redeem(await c.code(), { code_verifier: verifier })),
    allowed: invalidGrant,
  },
  {
    name: "a refresh token of one client is worth nothing to another, nor ended by it",
    rule: "RFC 6749 §6",
    async ask(c) {
      const { refresh } = await c.tokens();
      const foreign = told(await c.refresh(refresh, c.server.clients.other));
      return `${foreign}, then ${told(await c.refresh(refresh))}`;
    },
    allowed: ["400 invalid_grant, then 200 tokens"],
  },
  {
    name: "a refresh token used again ends its successor and the access tokens",
    rule: "RFC 9700 §4.14.2",
    async ask(c) {
      const first = await c.tokens();
      const next = tokensOf(await c.refresh(first.refresh));
      const again = told(await c.refresh(first.refresh));
      return `${again}, then ${told(await c.refresh(next.refresh))} and ${await c.userinfo(next.access)}`;
    },
    allowed: ["400 invalid_grant, then 400 invalid_grant and 401"],
  },
  {
    name: "a refresh token used by fifty at the same moment gives one successor, which the others end",
    rule: "RFC 9700 §4.14.2",
    async ask(c) {
      const { refresh } = await c.tokens();
      const answers = await Promise.all(Array.from({ length: 50 }, () => c.refresh(refresh)));
      const given = answers.filter(({ status }) => status === 200).map((answer) => tokensOf(answer).refresh);
      const after = await Promise.all(given.map(async (token) => told(await c.refresh(token))));
      return `${given.length} of 50, then ${[...new Set(after)].join(", ")}`;
    },
    allowed: ["1 of 50, then 400 invalid_grant"],
  },
  {
    name: "a public client's refresh rotates too",
    rule: "RFC 9700 §2.2.2",
    async ask(c) {
      const { native } = c.server.clients;
      const first = await c.redeem(await c.code(challengeOf(verifier), native), { code_verifier: verifier }, native);
      const { refresh } = tokensOf(first);
      const next = await c.refresh(refresh, native);
      return `${told(next)}, ${next.body.refresh_token === refresh ? "kept" : "rotated"}`;
    },
    allowed: ["200 tokens, rotated"],
  },
  {
    name: "the ID token is the request's: issuer, audience and nonce",
    rule: "OpenID Connect Core §3.1.3.7",
    async ask(c) {
      const { id } = tokensOf(await c.redeem(await c.code({ nonce: "nonce-of-the-client" })));
      const { iss, aud, nonce } = decodeJwt(id);
      return `${iss === c.server.issuer}, ${aud === c.server.clients.web.id}, ${nonce}`;
    },
    allowed: ["true, true, nonce-of-the-client"],
  },
  {
    name: "revocation ends the refresh token, whatever the hint",
    rule: "RFC 7009 §2.1",
    async ask(c) {
      const { refresh } = await c.tokens();
      const answer = await c.revoke(refresh, c.server.clients.web, { token_type_hint: "access_token" });
      return `${answer.status}, then ${told(await c.refresh(refresh))}`;
    },
    allowed: ["200, then 400 invalid_grant"],
  },
  {
    name: "revoking a refresh token ends the access tokens of its grant",
    rule: "RFC 7009 §2.1 (SHOULD)",
    async ask(c) {
      const { refresh, access } = await c.tokens();
      await c.revoke(refresh);
      return String(await c.userinfo(access));
    },
    allowed: ["401"],
  },
  {
    name: "revoking an access token",
    rule: "RFC 7009 §2.1: the refresh token may end with it or not",
    async ask(c) {
      const { refresh, access } = await c.tokens();
      const answer = await c.revoke(access);
      return `${answer.status}, then ${await c.userinfo(access)} and ${told(await c.refresh(refresh))}`;
    },
    allowed: ["200, then 401 and 200 tokens", "200, then 401 and 400 invalid_grant"],
  },
  {
    name: "a token that nobody gave is revoked already",
    rule: "RFC 7009 §2.2",
    ask: async (c) => told(await c.revoke("0".repeat(43))),
    allowed: ["200"],
  },
  {
    name: "nobody revokes another client's token",
    rule: "RFC 7009 §2.1",
    async ask(c) {
      const { refresh } = await c.tokens();
      const foreign = told(await c.revoke(refresh, c.server.clients.other));
      return `${foreign}, then ${told(await c.refresh(refresh))}`;
    },
    allowed: [
      "200, then 200 tokens",
      "400 invalid_request, then 200 tokens",
      "400 unauthorized_client, then 200 tokens",
    ],
  },
  {
    name: "nobody revokes without authenticating",
    rule: "RFC 7009 §2.1",
    async ask(c) {
      const { refresh } = await c.tokens();
      const { id } = c.server.clients.web;
      return `${told(await c.revoke(refresh, { id, secret: "wrong" }))}, then ${told(await c.refresh(refresh))}`;
    },
    allowed: ["401 invalid_client, then 200 tokens"],
  },
];
