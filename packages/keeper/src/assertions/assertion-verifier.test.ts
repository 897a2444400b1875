import { createHmac } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DEFAULT_LIMITS, type Network, parseNetwork, Secret } from "@evergrant/core";
import { exportJWK, generateKeyPair, type JWK } from "jose";
import { afterEach, describe, expect, test } from "vitest";
import { MovableTime } from "../../../../tests/kit/movable-time.ts";
import { ASSERTION_ALGORITHMS, type SignerKeys } from "../ports/assertion-verifier.ts";
import { realTime } from "../real-time.ts";
import { aSigner, type Signer } from "../testing/callers-world.ts";
import { type AssertionVerifierOptions, assertionVerifier } from "./assertion-verifier.ts";

const CLAIMS = { sub: "somebody" };
const cleanups: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanups.splice(0).reverse()) await cleanUp();
});

function aVerifier(more: Partial<AssertionVerifierOptions> = {}) {
  const time = new MovableTime();
  const folder = mkdtempSync(join(tmpdir(), "evergrant-keys-"));
  const verifier = assertionVerifier({
    ...{ time, sockets: realTime(), limits: DEFAULT_LIMITS, folder, networks: LOOPBACK, ...more },
  });
  cleanups.push(
    () => rmSync(folder, { recursive: true }),
    () => verifier.close(),
  );
  const verify = async (assertion: Secret, keys: SignerKeys) => (await verifier.verify(assertion, keys)).kind;
  return { time, folder, verifier, verify };
}

const networks = (...texts: readonly string[]): Network[] => texts.flatMap((text) => parseNetwork(text) ?? []);
const LOOPBACK = networks("127.0.0.0/8", "::1");

/** An issuer whose key set and answers can be changed. */
async function anIssuer() {
  const issuer = { keys: [] as unknown[], heard: [] as string[], status: 200, metadata: {} as object, body: "" };
  const server = createServer((request, response) => {
    issuer.heard.push(request.url ?? "");
    const isMetadata = request.url === "/.well-known/openid-configuration";
    const answer = isMetadata ? { issuer: origin, jwks_uri: `${origin}/keys`, ...issuer.metadata } : issuer;
    response.writeHead(issuer.status, issuer.status === 302 ? { location: `${origin}/elsewhere` } : {});
    response.end(issuer.body === "" ? JSON.stringify(answer) : issuer.body);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  cleanups.push(() => server.close());
  return { ...{ issuer, origin, url: { kind: "url", url: `${origin}/keys` } as const } };
}

const byValue = (...keys: readonly JWK[]): SignerKeys => ({ kind: "keys", keys: keys.map((key) => ({ ...key })) });
const publicKeyOf = ({ publicKey }: Signer) => ({ ...publicKey });

describe("a signature", () => {
  test.each(ASSERTION_ALGORITHMS)("by %s is checked", async (algorithm) => {
    const { verify } = aVerifier();
    const [signer, other] = [await aSigner(algorithm), await aSigner(algorithm)];
    const assertion = await signer.sign(CLAIMS);
    expect(await verify(assertion, byValue(signer.publicKey))).toBe("signed");
    expect(await verify(assertion, byValue(other.publicKey))).toBe("not-signed");
    const [head, payload = "", signature] = assertion.reveal().split(".");
    const changed = `${head}.${payload.slice(0, -2)}${payload.endsWith("AA") ? "BB" : "AA"}.${signature}`;
    expect(await verify(new Secret(changed), byValue(signer.publicKey))).toBe("not-signed");
  });

  test("by nothing, and by a public key taken for a shared one, is none", async () => {
    const { verify } = aVerifier();
    const signer = await aSigner("RS256");
    const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const forge = (alg: string, mac: (text: string) => string) => {
      const text = `${encoded({ alg, kid: "key-1" })}.${encoded(CLAIMS)}`;
      return new Secret(`${text}.${mac(text)}`);
    };
    const shared = [JSON.stringify(signer.publicKey), String(signer.publicKey.n), ""];
    const forged = [
      ...["none", "None", "", "RS256"].map((alg) => forge(alg, () => "")),
      ...shared.map((key) => forge("HS256", (text) => createHmac("sha256", key).update(text).digest("base64url"))),
      ...["", ".", "..", "a.b.c", "{}.{}.{}"].map((text) => new Secret(text)),
    ];
    for (const assertion of forged) expect(await verify(assertion, byValue(signer.publicKey))).toBe("not-signed");
  });

  test("is checked with none of the keys that it brings itself", async () => {
    const { issuer, origin, url } = await anIssuer();
    const { verify } = aVerifier();
    const [owner, thief] = [await aSigner("RS256"), await aSigner("RS256")];
    issuer.keys = [publicKeyOf(owner)];
    const header = { jwk: thief.publicKey, jku: `${origin}/thief`, x5u: `${origin}/thief` };
    expect(await verify(await thief.sign(CLAIMS, header), url)).toBe("not-signed");
    expect(issuer.heard).toEqual(["/keys"]);
  });

  test("by a key for one algorithm is none by another, nor is one for something else", async () => {
    const { verify } = aVerifier();
    const signer = await aSigner("RS256");
    const assertion = await signer.sign(CLAIMS);
    expect(await verify(assertion, byValue({ ...signer.publicKey, alg: "PS256" }))).toBe("not-signed");
    expect(await verify(assertion, byValue({ ...signer.publicKey, use: "enc" }))).toBe("not-signed");
    expect(await verify(assertion, byValue({ ...signer.publicKey, kid: "another" }))).toBe("not-signed");
  });
});

describe("keys from a URL", () => {
  test("are asked for once, kept, and asked for anew when they are no longer fresh", async () => {
    const { issuer, url } = await anIssuer();
    const { verify, time } = aVerifier();
    const signer = await aSigner();
    issuer.keys = [publicKeyOf(signer)];
    const assertion = await signer.sign(CLAIMS);
    await Promise.all(Array.from({ length: 20 }, () => verify(assertion, url)));
    expect(issuer.heard).toHaveLength(1);
    await time.advance(DEFAULT_LIMITS.keysFreshMs);
    // Taken away at its source, a key is of no use any more.
    issuer.keys = [];
    expect(await verify(assertion, url)).toBe("not-signed");
    expect(issuer.heard).toHaveLength(2);
  });

  test("are asked for anew for a key that is not among them, at most once in an interval", async () => {
    const { issuer, url } = await anIssuer();
    const { verify, time } = aVerifier();
    const [before, after, nobody] = [
      await aSigner("ES256", "1"),
      await aSigner("ES256", "2"),
      await aSigner("ES256", "3"),
    ];
    issuer.keys = [publicKeyOf(before)];
    expect(await verify(await before.sign(CLAIMS), url)).toBe("signed");
    issuer.keys = [publicKeyOf(after)];
    await time.advance(DEFAULT_LIMITS.keysAskedMs);
    expect(await verify(await after.sign(CLAIMS), url)).toBe("signed");
    const unknown = await nobody.sign(CLAIMS);
    for (let n = 0; n < 50; n += 1) expect(await verify(unknown, url)).toBe("not-signed");
    expect(issuer.heard).toHaveLength(2);
    await time.advance(DEFAULT_LIMITS.keysAskedMs);
    await verify(unknown, url);
    expect(issuer.heard).toHaveLength(3);
  });

  test("count on for a day while their source is away, and no longer", async () => {
    const { issuer, url } = await anIssuer();
    const { verify, time } = aVerifier();
    const signer = await aSigner();
    issuer.keys = [publicKeyOf(signer)];
    const assertion = await signer.sign(CLAIMS);
    expect(await verify(assertion, url)).toBe("signed");
    issuer.status = 500;
    await time.advance(DEFAULT_LIMITS.keysKeptMs - 1);
    expect(await verify(assertion, url)).toBe("signed");
    await time.advance(DEFAULT_LIMITS.keysAskedMs);
    expect(await verify(assertion, url)).toBe("no-keys");
  });

  test.each<[string, (issuer: Awaited<ReturnType<typeof anIssuer>>["issuer"]) => void]>([
    ["a redirect", (issuer) => (issuer.status = 302)],
    ["a failure", (issuer) => (issuer.status = 503)],
    ["no JSON", (issuer) => (issuer.body = "<html>")],
    ["no key set", (issuer) => (issuer.body = "[]")],
    ["no end", (issuer) => (issuer.body = `{"keys":["${"x".repeat(300_000)}"]}`)],
  ])("are none from %s", async (_, change) => {
    const { issuer, url } = await anIssuer();
    const { verify } = aVerifier();
    change(issuer);
    expect(await verify(await (await aSigner()).sign(CLAIMS), url)).toBe("no-keys");
    expect(issuer.heard).toEqual(["/keys"]);
  });

  test("leave out what is private, shared or unknown in a set", async () => {
    const { issuer, url } = await anIssuer();
    const { verify } = aVerifier();
    const signer = await aSigner();
    issuer.keys = [null, 1, { kty: "oct", k: "c2VjcmV0" }, { kty: "RSA" }, { kty: "new" }, publicKeyOf(signer)];
    expect(await verify(await signer.sign(CLAIMS), url)).toBe("signed");
  });
});

describe("where keys come from", () => {
  test("is the open internet and what was named, by the address that is connected to", async () => {
    const { issuer, origin, url } = await anIssuer();
    const { port } = new URL(origin);
    const assertion = await (await aSigner()).sign(CLAIMS);
    const none = aVerifier({ networks: [] });
    expect(await none.verifier.flawOf(url)).toMatch(/unless its network is named/);
    for (const host of ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "[::1]", "169.254.169.254", "10.0.0.1"])
      expect(await none.verify(assertion, { kind: "url", url: `http://${host}:${port}/keys` })).toBe("no-keys");
    const lookup: NonNullable<AssertionVerifierOptions["lookup"]> = (_host, _options, done) =>
      done(null, [
        { address: "93.184.216.34", family: 4 },
        { address: "127.0.0.1", family: 4 },
      ]);
    const rebound = aVerifier({ networks: networks("10.0.0.0/8"), lookup });
    expect(await rebound.verify(assertion, { kind: "url", url: `https://idp.example:${port}/keys` })).toBe("no-keys");
    expect(issuer.heard).toEqual([]);
  });

  test.each([
    ["http://idp.example/keys", /https/],
    ["ftp://idp.example/keys", /https/],
    ["file:///etc/passwd", /https/],
    ["keys", /no plain URL/],
    ["https://name:secret@idp.example/keys", /no plain URL/],
    ["https://idp.example/keys#part", /no plain URL/],
    ["https://10.0.0.1/keys", /not come from this address/],
    ["https://[::ffff:10.0.0.1]/keys", /not come from this address/],
    ["https://0x7f.1/keys", /not come from this address/],
  ])("is not %s", async (url, flaw) => {
    const { verifier } = aVerifier({ networks: networks("192.168.0.0/16") });
    expect(await verifier.flawOf({ kind: "url", url })).toMatch(flaw);
    expect(await verifier.flawOf({ kind: "discovery", issuer: url })).toMatch(flaw);
  });

  test("is what the issuer's own metadata names", async () => {
    const { issuer, origin } = await anIssuer();
    const signer = await aSigner();
    issuer.keys = [publicKeyOf(signer)];
    const assertion = await signer.sign(CLAIMS);
    const discovered = { kind: "discovery", issuer: origin } as const;
    expect(await aVerifier().verify(assertion, discovered)).toBe("signed");
    for (const metadata of [
      { issuer: `${origin}/` },
      { issuer: "https://issuer.example" },
      { jwks_uri: undefined },
      { jwks_uri: "http://169.254.169.254/latest" },
      { jwks_uri: "file:///etc/passwd" },
    ]) {
      issuer.metadata = metadata;
      expect(await aVerifier().verify(assertion, discovered)).toBe("no-keys");
    }
  });

  test("is a file in one folder, read again when it is no longer fresh", async () => {
    const { verify, verifier, folder, time } = aVerifier();
    const signer = await aSigner();
    const assertion = await signer.sign(CLAIMS);
    const file = { kind: "file", file: "cluster.json" } as const;
    expect(await verify(assertion, file)).toBe("no-keys");
    writeFileSync(join(folder, file.file), JSON.stringify({ keys: [signer.publicKey] }));
    await time.advance(DEFAULT_LIMITS.keysAskedMs);
    expect(await verify(assertion, file)).toBe("signed");
    for (const name of ["../kek.json", "/etc/passwd", "a/b.json", "kek", ".json", "..json"])
      expect(await verifier.flawOf({ kind: "file", file: name })).toMatch(/by its name alone/);
  });
});

describe("keys by value", () => {
  test("are taken where they are public and strong enough", async () => {
    const { verifier } = aVerifier();
    for (const algorithm of ["RS256", "ES256", "ES384", "ES512", "EdDSA"])
      expect(await verifier.flawOf(byValue((await aSigner(algorithm)).publicKey))).toBeNull();
    const { privateKey } = await generateKeyPair("ES256", { extractable: true });
    const point = { kty: "EC", crv: "P-256", x: Buffer.alloc(32).toString("base64url") };
    const wrong: readonly (readonly [JWK, RegExp])[] = [
      [await exportJWK(privateKey), /private/],
      [{ kty: "oct", k: "c2VjcmV0" }, /shared/],
      [{ kty: "RSA", n: Buffer.alloc(128, 1).toString("base64url"), e: "AQAB" }, /2048/],
      [{ kty: "RSA", n: 1 as unknown as string, e: "AQAB" }, /whole/],
      [{ ...point, y: point.x }, /cannot be read/],
      [{ kty: "EC", crv: "secp256k1", x: "", y: "" }, /no kind/],
      [{ ...(await aSigner()).publicKey, alg: "HS256" }, /algorithm/],
      [{ ...(await aSigner()).publicKey, use: "enc" }, /not for signatures/],
    ];
    for (const [key, flaw] of wrong) expect(await verifier.flawOf(byValue(key))).toMatch(flaw);
    expect(await verifier.flawOf(byValue())).toMatch(/1 to/);
  });
});
