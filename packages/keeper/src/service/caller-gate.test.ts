import { hash } from "node:crypto";
import { type CallerId, DEFAULT_LIMITS, Secret } from "@evergrant/core";
import type { JWTPayload } from "jose";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { AUDIENCE, aCallersWorld, aSigner, codeOf, type Signer } from "../testing/callers-world.ts";
import * as digests from "./digest.ts";

vi.mock("./digest.ts", { spy: true });

type World = ReturnType<typeof aCallersWorld>;
const bySecret = (world: World, clientId: string, secret: Secret, from: string | null = "192.0.2.1") =>
  codeOf(world.callers.authenticate({ kind: "secret", clientId, secret }, from));

describe("a secret", () => {
  test("is one of two that are good at once, so that one is replaced without a gap", async () => {
    await using world = aCallersWorld();
    const { caller, clientSecret: first } = await world.add();
    const all = [first];
    for (let n = 0; n < 2; n += 1)
      all.push((await world.callers.addSecret(caller.id, { expiresAtMs: null, by: "test" })).clientSecret);
    const codes = await Promise.all(all.map((secret) => bySecret(world, caller.id, secret)));
    expect(codes).toEqual(["caller_authentication_failed", "admitted", "admitted"]);
    const [shown] = await world.callers.list();
    expect(shown?.secrets).toHaveLength(2);
  });

  test("ends when it expires, and then makes room before one that has not", async () => {
    await using world = aCallersWorld();
    const { caller, clientSecret: lasting } = await world.add();
    const expiresAtMs = world.time.wallMs() + 60_000;
    const { clientSecret: brief } = await world.callers.addSecret(caller.id, { expiresAtMs, by: "test" });
    expect(await bySecret(world, caller.id, brief)).toBe("admitted");
    await world.time.advance(60_000);
    expect(await bySecret(world, caller.id, brief)).toBe("caller_authentication_failed");
    await world.callers.addSecret(caller.id, { expiresAtMs: null, by: "test" });
    expect(await bySecret(world, caller.id, lasting)).toBe("admitted");
    const late = world.callers.addSecret(caller.id, { expiresAtMs, by: "test" });
    expect(await codeOf(late)).toBe("caller_authentication_invalid");
  });

  test("is gone once it was taken away, and a caller may be left without any", async () => {
    await using world = aCallersWorld();
    const { caller, clientSecret } = await world.add();
    const [secret] = caller.secrets;
    const left = await world.callers.removeSecret(caller.id, secret?.id ?? "", "test");
    expect(left.secrets).toEqual([]);
    expect(await bySecret(world, caller.id, clientSecret)).toBe("caller_authentication_failed");
    expect(await codeOf(world.callers.removeSecret(caller.id, "sc_none", "test"))).toBe("caller_secret_unknown");
    const story = await world.store.audit.story({ kind: "caller", id: caller.id }, 10);
    expect(story.map(({ event }) => event)).toEqual(["caller-secret-removed", "caller-added"]);
    expect(JSON.stringify(story)).not.toContain(clientSecret.reveal());
  });

  test("is compared in constant time, and as often whether the caller is there, disabled, without secrets or nobody", async () => {
    await using world = aCallersWorld();
    const { caller, clientSecret } = await world.add();
    const other = await world.callers.addSecretless({ name: "other", permissions: [], by: "test" });
    const compared = async (clientId: string, secret: Secret) => {
      vi.mocked(digests.sameDigest).mockClear();
      await bySecret(world, clientId, secret);
      return vi.mocked(digests.sameDigest).mock.calls.map(([known, presented]) => [known.length, presented.length]);
    };
    const wrong = new Secret("x");
    const asked = [
      await compared(caller.id, clientSecret),
      await compared(caller.id, wrong),
      await compared(other.id, wrong),
      await compared("cl_nobody", wrong),
    ];
    await world.callers.setDisabled(caller.id, true, "test");
    asked.push(await compared(caller.id, clientSecret));
    // Digests of one length, so that each comparison is by every byte.
    for (const calls of asked)
      expect(calls).toEqual([
        [64, 64],
        [64, 64],
      ]);
  });

  test("that stands for nobody is not that of a caller without secrets", async () => {
    await using world = aCallersWorld();
    const { id } = await world.callers.addSecretless({ name: "bare", permissions: [], by: "test" });
    vi.mocked(digests.digest).mockReturnValueOnce("0".repeat(64));
    expect(await bySecret(world, id, new Secret("x"))).toBe("caller_authentication_failed");
  });
});

describe("a caller with networks", () => {
  test("calls from these alone, and learns elsewhere nothing of a secret", async () => {
    await using world = aCallersWorld();
    const { caller, clientSecret } = await world.add({ networks: ["10.1.0.0/16", "2001:db8:5::/48"] });
    const from = (address: string | null, secret = clientSecret) => bySecret(world, caller.id, secret, address);
    for (const address of ["10.1.2.3", "::ffff:10.1.2.3", "2001:db8:5::9"])
      expect(await from(address)).toBe("admitted");
    for (const address of ["10.2.0.1", "::ffff:10.2.0.1", "2001:db8:6::1", "::1", null])
      for (const secret of [clientSecret, new Secret("wrong")])
        expect(await from(address, secret)).toBe("caller_network_refused");
    expect(await from("10.1.2.3", new Secret("wrong"))).toBe("caller_authentication_failed");
    await world.callers.setAuthentication(
      caller.id,
      { keys: null, workloads: [], networks: null, requestsPerMinute: null },
      "test",
    );
    expect(await from("10.2.0.1")).toBe("admitted");
  });

  test.each([[[]], [["10.1.2.3/16"]], [["everywhere"]], [["10.1.0.0/16", ""]]])(
    "has none like %j",
    async (networks) => {
      await using world = aCallersWorld();
      expect(await codeOf(world.add({ networks }))).toBe("caller_authentication_invalid");
    },
  );
});

test("a caller asks as often as it may, and nobody else uses that up", async () => {
  await using world = aCallersWorld();
  const { caller, clientSecret } = await world.add({ requestsPerMinute: 2 });
  const wrong = new Secret("wrong");
  for (let n = 0; n < 5; n += 1) expect(await bySecret(world, caller.id, wrong)).toBe("caller_authentication_failed");
  expect([await bySecret(world, caller.id, clientSecret), await bySecret(world, caller.id, clientSecret)]).toEqual([
    "admitted",
    "admitted",
  ]);
  const third = world.callers.authenticate({ kind: "secret", clientId: caller.id, secret: clientSecret }, null);
  await expect(third).rejects.toMatchObject({ code: "caller_too_frequent", retryAfterMs: 30_000 });
  await world.time.advance(30_000);
  expect(await bySecret(world, caller.id, clientSecret)).toBe("admitted");
  expect(await codeOf(world.add({ requestsPerMinute: 0.5 }))).toBe("caller_authentication_invalid");
});

test("each node counts by itself: a caller that reaches three may ask three times as often, one that stays at one has its whole rate", async () => {
  await using world = aCallersWorld();
  const { caller, clientSecret } = await world.add({ requestsPerMinute: 4 });
  const others = [world.nodeAt("node-b"), world.nodeAt("node-c")];
  for (const other of others) await other.load();
  for (const node of [world.callers, ...others]) {
    const ask = () => codeOf(node.authenticate({ kind: "secret", clientId: caller.id, secret: clientSecret }, null));
    const asked: string[] = [];
    for (let n = 0; n < 5; n += 1) asked.push(await ask());
    expect(asked.filter((code) => code === "caller_too_frequent")).toHaveLength(1);
    expect(asked.at(-1)).toBe("caller_too_frequent");
  }
  for (const other of others) await other.stop();
});

describe("when credentials were used last", () => {
  test("is shown at once, written down a minute later, and seen from another node", async () => {
    await using world = aCallersWorld();
    const { caller, clientSecret } = await world.add();
    expect((await world.callers.list())[0]?.secrets[0]?.lastUsedAtMs).toBeNull();
    const usedAtMs = world.time.wallMs();
    for (let n = 0; n < 100; n += 1) await bySecret(world, caller.id, clientSecret);
    expect((await world.callers.list())[0]?.secrets[0]?.lastUsedAtMs).toBe(usedAtMs);
    expect(await world.store.callers.uses()).toEqual([]);
    world.away.now = true;
    await world.time.advance(DEFAULT_LIMITS.callerUseMs);
    world.away.now = false;
    await bySecret(world, caller.id, clientSecret);
    await world.time.advance(DEFAULT_LIMITS.callerUseMs);
    expect(await world.store.callers.uses()).toHaveLength(1);
    const other = world.nodeAt("node-b");
    await other.load();
    const laterMs = usedAtMs + DEFAULT_LIMITS.callerUseMs;
    expect((await other.list())[0]?.secrets[0]?.lastUsedAtMs).toBe(laterMs);
  });

  test("is written down when a node stops, and a refused secret is no use", async () => {
    const world = aCallersWorld();
    const { caller, clientSecret } = await world.add();
    await bySecret(world, caller.id, new Secret("wrong"));
    await world.callers.stop();
    expect(await world.store.callers.uses()).toEqual([]);
    await bySecret(world, caller.id, clientSecret);
    await world.callers.stop();
    expect(await world.store.callers.uses()).toMatchObject([{ caller: caller.id }]);
    await world.verifier.close();
  });
});

describe("an assertion of a caller's own", () => {
  let signer: Signer;
  beforeEach(async () => {
    signer = await aSigner();
  });

  const aKeyed = (world: World) => world.addSecretless({ keys: { kind: "keys", keys: [{ ...signer.publicKey }] } });
  const claims = (world: World, id: string, more: JWTPayload = {}): JWTPayload => {
    const now = Math.floor(world.time.wallMs() / 1000);
    return { iss: id, sub: id, aud: AUDIENCE, jti: "one", iat: now, exp: now + 60, ...more };
  };
  const show = (world: World, assertion: Secret, clientId: string | null = null, callers = world.callers) =>
    codeOf(callers.authenticate({ kind: "assertion", clientId, assertion, audience: AUDIENCE }, null));

  test("is taken once, with and without its client id beside it", async () => {
    await using world = aCallersWorld();
    const { id } = await aKeyed(world);
    const assertion = await signer.sign(claims(world, id));
    expect(await show(world, assertion)).toBe("admitted");
    expect(await show(world, assertion)).toBe("caller_assertion_replayed");
    expect(await show(world, await signer.sign(claims(world, id, { jti: "two" })), id)).toBe("admitted");
    expect((await world.callers.list())[0]?.keysLastUsedAtMs).toBe(world.time.wallMs());
  });

  test("is taken once by all nodes of a store, also at the same moment", async () => {
    await using world = aCallersWorld();
    const { id } = await aKeyed(world);
    const other = world.nodeAt("node-b");
    await other.load();
    const assertion = await signer.sign(claims(world, id));
    const codes = await Promise.all(
      [world.callers, other, world.callers, other].map((node) => show(world, assertion, null, node)),
    );
    expect(codes.toSorted()).toEqual(["admitted", ...Array(3).fill("caller_assertion_replayed")]);
  });

  test("is taken once by a node's own memory while the store is away, and that memory does not grow for ever", async () => {
    await using world = aCallersWorld();
    const { id } = await aKeyed(world);
    world.away.now = true;
    const assertion = await signer.sign(claims(world, id));
    expect([await show(world, assertion), await show(world, assertion)]).toEqual([
      "admitted",
      "caller_assertion_replayed",
    ]);
    world.away.now = false;
    expect(await show(world, assertion)).toBe("caller_assertion_replayed");
  });

  test("that has expired is forgotten by the store", async () => {
    await using world = aCallersWorld();
    const { id } = await aKeyed(world);
    await show(world, await signer.sign(claims(world, id)));
    await world.time.advance(300_000);
    expect(await show(world, await signer.sign(claims(world, id, { jti: "two" })))).toBe("admitted");
    await world.time.settle();
    const digest = hash("sha256", JSON.stringify([id, "one"]), "hex");
    expect(await world.store.assertions.claim(digest, 0)).toBe("claimed");
  });

  test.each<[string, JWTPayload, string]>([
    ["for somebody else", { aud: "https://other.example" }, "caller_assertion_refused"],
    ["for us in a list", { aud: [AUDIENCE] }, "caller_assertion_refused"],
    ["for another connection", { aud: `${AUDIENCE}-2` }, "caller_assertion_refused"],
    ["that lives too long", { exp: 4_000_000_000 }, "caller_assertion_refused"],
    ["about somebody else", { sub: "cl_other" }, "request_malformed"],
    ["of a foreign issuer", { iss: "https://issuer.example" }, "request_malformed"],
  ])("is refused %s", async (_, more, code) => {
    await using world = aCallersWorld();
    const { id } = await aKeyed(world);
    expect(await show(world, await signer.sign(claims(world, id, more)))).toBe(code);
  });

  test("is refused of a foreign issuer beside the client id", async () => {
    await using world = aCallersWorld();
    const { id } = await aKeyed(world);
    const foreign = await signer.sign(claims(world, id, { iss: "https://issuer.example" }));
    expect(await show(world, foreign, id)).toBe("caller_authentication_failed");
  });

  test("is refused for another caller, with another's key, as another kind of token, and of a disabled one", async () => {
    await using world = aCallersWorld();
    const { id } = await aKeyed(world);
    const { id: second } = await world.callers.addSecretless({ name: "second", permissions: [], by: "test" });
    expect(await show(world, await signer.sign(claims(world, second)))).toBe("caller_authentication_failed");
    expect(await show(world, await signer.sign(claims(world, id)), second)).toBe("caller_authentication_failed");
    const thief = await aSigner();
    expect(await show(world, await thief.sign(claims(world, id)))).toBe("caller_authentication_failed");
    const access = await signer.sign(claims(world, id), { typ: "at+jwt" });
    expect(await show(world, access)).toBe("caller_assertion_refused");
    await world.callers.setDisabled(id, true, "test");
    expect(await show(world, await signer.sign(claims(world, id)))).toBe("caller_authentication_failed");
    for (const text of ["", "a.b", "a.b.c", "..", "x".repeat(8_000)])
      expect(await show(world, new Secret(text), id)).toBe("caller_authentication_failed");
  });

  test("is the only way in where a caller has a key and no secret", async () => {
    await using world = aCallersWorld();
    const { id } = await aKeyed(world);
    for (const secret of ["", "0".repeat(64), JSON.stringify(signer.publicKey)])
      expect(await bySecret(world, id, new Secret(secret))).toBe("caller_authentication_failed");
  });

  test("does not use up an assertion when the caller asks too often", async () => {
    await using world = aCallersWorld();
    const keys = { kind: "keys" as const, keys: [{ ...signer.publicKey }] };
    const { id } = await world.addSecretless({ keys, requestsPerMinute: 1 });
    expect(await show(world, await signer.sign(claims(world, id)))).toBe("admitted");
    const second = await signer.sign(
      claims(world, id, { jti: "two", exp: Math.floor(world.time.wallMs() / 1000) + 59 }),
    );
    expect(await show(world, second)).toBe("caller_too_frequent");
    await world.time.advance(60_000);
    expect(await show(world, second)).toBe("admitted");
  });
});

describe("a workload", () => {
  const cluster = { issuer: "https://cluster.example", audience: "https://tokens.example" };

  async function aWorkload(world: World) {
    const platform = await aSigner("RS256");
    const keys = { kind: "keys" as const, keys: [{ ...platform.publicKey }] };
    const pod = { kind: "kubernetes" as const, ...cluster, namespace: "books", serviceAccount: "night", keys };
    const { id } = await world.addSecretless({ workloads: [{ ...pod, serviceAccount: "day" }, pod] });
    const now = Math.floor(world.time.wallMs() / 1000);
    const sub = "system:serviceaccount:books:night";
    const sign = (more: JWTPayload = {}) =>
      platform.sign({ iss: cluster.issuer, aud: [cluster.audience], sub, exp: now + 3_600, ...more });
    const show = (assertion: Secret, clientId: string | null = id) =>
      codeOf(world.callers.authenticate({ kind: "assertion", clientId, assertion, audience: AUDIENCE }, null));
    return { id: id as CallerId, sign, show };
  }

  test("shows what its platform signed, again and again for as long as it lives, with its client id", async () => {
    await using world = aCallersWorld();
    const { sign, show } = await aWorkload(world);
    const identity = await sign();
    expect([await show(identity), await show(identity)]).toEqual(["admitted", "admitted"]);
    expect(await show(identity, null)).toBe("request_malformed");
    expect((await world.callers.list())[0]?.workloadLastUsedAtMs).toBe(world.time.wallMs());
    await world.time.advance(3_600_000 + DEFAULT_LIMITS.clockSkewMs);
    expect(await show(identity)).toBe("caller_assertion_refused");
  });

  test.each<[string, JWTPayload, string]>([
    ["another account", { sub: "system:serviceaccount:books:nightly" }, "caller_assertion_refused"],
    ["another audience", { aud: "https://other.example" }, "caller_assertion_refused"],
    ["a second audience", { aud: [cluster.audience, "https://other.example"] }, "caller_assertion_refused"],
    ["another issuer", { iss: "https://cluster.example/" }, "caller_authentication_failed"],
    ["our own caller as issuer", { iss: "cl_1" }, "caller_authentication_failed"],
  ])("is refused with %s", async (_, more, code) => {
    await using world = aCallersWorld();
    const { sign, show } = await aWorkload(world);
    expect(await show(await sign(more))).toBe(code);
  });

  test("is not another caller's, and not anybody's who signs himself", async () => {
    await using world = aCallersWorld();
    const { sign, show } = await aWorkload(world);
    const other = await world.callers.addSecretless({ name: "other", permissions: [], by: "test" });
    expect(await show(await sign(), other.id)).toBe("caller_authentication_failed");
    const forger = await aSigner("RS256");
    const forged = await forger.sign({ iss: cluster.issuer, aud: cluster.audience, exp: 4_000_000_000 });
    expect(await show(forged)).toBe("caller_authentication_failed");
  });
});
