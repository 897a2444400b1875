import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { isIP } from "node:net";
import { randomHex } from "../real-time.ts";
import { XERO_HOSTS } from "../xero-hosts.ts";
import { bits, context, integer, objectId, octets, sequence, setOf, time, truth, utf8 } from "./der.ts";

export interface SandboxCertificates {
  /** The authority to trust (`NODE_EXTRA_CA_CERTS`), PEM. */
  readonly ca: string;
  /** The server's certificate followed by the authority's, PEM. */
  readonly cert: string;
  /** The server's private key, PEM. */
  readonly key: string;
}

/**
 * Makes an authority of its own and a certificate for Xero's three hosts and this machine. Valid from 1999 to 2126, because a client
 * whose clock was moved by years must still accept it. The authority's key is thrown away: it can never sign for another name.
 */
export function createCertificates(
  names: readonly string[] = [...XERO_HOSTS, "localhost", "127.0.0.1", "::1"],
): SandboxCertificates {
  const authority = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const server = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const issuer = {
    name: distinguished("Evergrant sandbox authority"),
    key: authority.privateKey,
    publicKey: authority.publicKey,
  };
  const ca = certificate(issuer, {
    subject: issuer.name,
    publicKey: authority.publicKey,
    extensions: authorityExtensions(authority.publicKey),
  });
  const leaf = certificate(issuer, {
    subject: distinguished("Evergrant sandbox"),
    publicKey: server.publicKey,
    extensions: serverExtensions(server.publicKey, authority.publicKey, names),
  });
  return { ca, cert: leaf + ca, key: server.privateKey.export({ type: "pkcs8", format: "pem" }).toString() };
}

interface Issuer {
  readonly name: Buffer;
  readonly key: KeyObject;
}

interface Subject {
  readonly subject: Buffer;
  readonly publicKey: KeyObject;
  readonly extensions: readonly Buffer[];
}

const ecdsaWithSha256 = sequence(objectId("1.2.840.10045.4.3.2"));

// RFC 5280 §4.1
function certificate(issuer: Issuer, { subject, publicKey, extensions }: Subject): string {
  const version3 = context(0, integer(Buffer.of(2)), "constructed");
  const serial = integer(Buffer.from(`4${randomHex(16).slice(1)}`, "hex"));
  const validity = sequence(time(1999), time(2126));
  const body = sequence(
    version3,
    serial,
    ecdsaWithSha256,
    issuer.name,
    validity,
    subject,
    keyInfo(publicKey),
    context(3, sequence(...extensions), "constructed"),
  );
  return pem(sequence(body, ecdsaWithSha256, bits(sign("sha256", body, issuer.key))));
}

const distinguished = (commonName: string): Buffer => sequence(setOf(sequence(objectId("2.5.4.3"), utf8(commonName))));

const keyInfo = (key: KeyObject): Buffer => key.export({ type: "spki", format: "der" });

// The 65 bytes of an uncompressed P-256 point end the key info; their hash is the usual key identifier (RFC 5280 §4.2.1.2).
const keyId = (key: KeyObject): Buffer => createHash("sha1").update(keyInfo(key).subarray(-65)).digest();

const extension = (id: string, value: Buffer, critical: boolean): Buffer =>
  sequence(objectId(id), ...(critical ? [truth] : []), octets(value));
const subjectKeyId = (key: KeyObject): Buffer => extension("2.5.29.14", octets(keyId(key)), false);

const authorityExtensions = (key: KeyObject): readonly Buffer[] => [
  extension("2.5.29.19", sequence(truth, integer(Buffer.of(0))), true),
  extension("2.5.29.15", bits(Buffer.of(0b0000_0110), 1), true),
  subjectKeyId(key),
];

const serverExtensions = (key: KeyObject, authorityKey: KeyObject, names: readonly string[]): readonly Buffer[] => [
  extension("2.5.29.19", sequence(), true),
  extension("2.5.29.15", bits(Buffer.of(0b1000_0000), 7), true),
  extension("2.5.29.37", sequence(objectId("1.3.6.1.5.5.7.3.1")), false),
  extension("2.5.29.17", sequence(...names.map(generalName)), false),
  subjectKeyId(key),
  extension("2.5.29.35", sequence(context(0, keyId(authorityKey), "primitive")), false),
];

function generalName(name: string): Buffer {
  switch (isIP(name)) {
    case 4:
      return context(7, Buffer.from(name.split(".").map(Number)), "primitive");
    case 6:
      return context(7, ipv6(name), "primitive");
    default:
      return context(2, Buffer.from(name, "ascii"), "primitive");
  }
}

function ipv6(address: string): Buffer {
  const [head = "", tail = ""] = address.split("::");
  const groups = (text: string) => text.split(":").filter((group) => group !== "");
  const missing = 8 - groups(head).length - groups(tail).length;
  const all = [...groups(head), ...Array<string>(address.includes("::") ? missing : 0).fill("0"), ...groups(tail)];
  return Buffer.from(all.map((group) => group.padStart(4, "0")).join(""), "hex");
}

const pem = (der: Buffer): string =>
  `-----BEGIN CERTIFICATE-----\n${der.toString("base64").replace(/.{64}/g, "$&\n").trimEnd()}\n-----END CERTIFICATE-----\n`;
