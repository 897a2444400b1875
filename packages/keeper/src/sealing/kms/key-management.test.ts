import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { Secret } from "@evergrant/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { realChance } from "../../real-time.ts";
import { AWS, AWS_KEY, awsStandIn, type KmsStandIn, VAULT_TOKEN, vaultStandIn } from "../../testing/kms-stand-ins.ts";
import { keyRingPlace, openKeyRing } from "../open-key-ring.ts";
import { awsKms } from "./aws-kms.ts";
import type { KeyManagement, KeyManagementChoice } from "./key-management.ts";
import { vaultTransit } from "./vault-transit.ts";

const NOW_MS = Date.parse("2026-11-27T09:00:00Z");
const time = { wallMs: () => NOW_MS };

type Of<Kind> = Extract<KeyManagementChoice, { kind: Kind }>;

const awsChoice = (endpoint: string, more: Partial<Of<"aws">> = {}): Of<"aws"> => ({
  ...{ kind: "aws", key: AWS_KEY, region: AWS.region, endpoint, accessKeyId: AWS.accessKeyId, sessionToken: null },
  secretAccessKey: new Secret(AWS.secretAccessKey),
  ...more,
});
const vaultChoice = (address: string, more: Partial<Of<"vault">> = {}): Of<"vault"> => ({
  ...{ kind: "vault", address, mount: "transit", key: "evergrant", token: new Secret(VAULT_TOKEN), namespace: null },
  ...more,
});

const SERVICES = [
  {
    name: "AWS KMS",
    start: () => awsStandIn(time.wallMs),
    open: (url: string, timeoutMs?: number): KeyManagement => awsKms(awsChoice(url), time, timeoutMs),
    choice: (url: string): KeyManagementChoice => awsChoice(url),
    strangers: (url: string): readonly KeyManagement[] => [
      awsKms(awsChoice(url, { secretAccessKey: new Secret("another") }), time),
      awsKms(awsChoice(url, { accessKeyId: "SOMEBODY" }), time),
      awsKms(awsChoice(url, { key: "alias/another" }), time),
      // A clock that is an hour off: what it signs has expired.
      awsKms(awsChoice(url), { wallMs: () => NOW_MS - 3_600_000 }),
    ],
  },
  {
    name: "Vault Transit",
    start: vaultStandIn,
    open: (url: string, timeoutMs?: number): KeyManagement => vaultTransit(vaultChoice(url), timeoutMs),
    choice: (url: string): KeyManagementChoice => vaultChoice(url),
    strangers: (url: string): readonly KeyManagement[] => [
      vaultTransit(vaultChoice(url, { token: new Secret("another") })),
      vaultTransit(vaultChoice(url, { key: "another" })),
    ],
  },
];

const codeOf = async (work: Promise<unknown>): Promise<unknown> =>
  await work.then(
    () => "done",
    (error: unknown) => (error as { code?: unknown }).code,
  );

describe.each(SERVICES)("$name", ({ start, open, choice, strangers }) => {
  let service: KmsStandIn;
  let folder: string;
  beforeEach(async () => {
    service = await start();
    folder = await mkdtemp(join(tmpdir(), "kms-"));
  });
  afterEach(async () => {
    await service[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  test("gives back what it encrypted, for the key that it was encrypted for alone", async () => {
    const kms = open(service.url);
    const plain = Buffer.alloc(32, 7);
    const cipher = await kms.encrypt("k1", plain);
    expect(cipher).toMatch(/^\S+$/);
    expect((await kms.decrypt("k1", cipher)).equals(plain)).toBe(true);
    expect(await codeOf(kms.decrypt("k2", cipher))).toBe("kms_refused");
  });

  test("refuses whoever cannot show who he is, and is told so without a secret", async () => {
    for (const stranger of strangers(service.url)) {
      const failure = await stranger.encrypt("k1", Buffer.alloc(32)).catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: "kms_refused" });
      expect(inspect(failure, { depth: 9 })).not.toMatch(/canary|another/);
    }
    expect(service.asked).toEqual([]);
  });

  test.each([
    ["fails", { status: 503, body: "{}" }],
    ["asks for patience", { status: 429, body: "{}" }],
    ["answers with something else", { status: 200, body: "<html>" }],
    ["answers without what was asked for", { status: 200, body: "{}" }],
  ])("that %s is told from one that refuses", async (_what, instead) => {
    service.instead = instead;
    expect(await codeOf(open(service.url).encrypt("k1", Buffer.alloc(32)))).toBe("kms_unavailable");
  });

  test("that never answers is waited for a bounded while", async () => {
    service.instead = "silence";
    expect(await codeOf(open(service.url, 50).decrypt("k1", "vault:v1:AAAA"))).toBe("kms_unavailable");
  });

  test("is reached over https, or on this machine, and nowhere else", async () => {
    expect(() => open("http://kms.example")).toThrow(expect.objectContaining({ code: "kms_misconfigured" }));
    expect(() => open("ftp://localhost")).toThrow(expect.objectContaining({ code: "kms_misconfigured" }));
    expect(() => open("https://kms.example")).not.toThrow();
  });

  test("keeps a ring whose file holds no key in clear, asked at each start and never between", async () => {
    const chance = realChance();
    const source = { kind: "kms", path: join(folder, "kek"), service: choice(service.url) } as const;
    const first = await openKeyRing(source, { storeIsEmpty: true, chance, time });
    const plain = first.derive(first.primaryId, "p").export().toString("hex");
    expect(service.asked).toHaveLength(2);
    const again = await openKeyRing(source, { storeIsEmpty: false, chance, time });
    expect(again.derive(again.primaryId, "p").export().toString("hex")).toBe(plain);
    expect(service.asked).toHaveLength(3);
    service.instead = "silence";
    again.derive(again.primaryId, "q");
    service.instead = null;
    const place = keyRingPlace(source, { chance, time });
    const added = await place.append();
    expect((await place.read())?.ids).toEqual([first.primaryId, added]);
    expect(await place.remove(first.primaryId)).toBe(true);
    expect((await place.read())?.ids).toEqual([added]);
    expect(await readFile(source.path, "utf8")).toMatch(/^kek-[0-9a-f]{12} \S+\n$/);
  });

  test("is no way around a lost file: a store that holds something gets no new ring", async () => {
    const source = { kind: "kms", path: join(folder, "kek"), service: choice(service.url) } as const;
    expect(await codeOf(openKeyRing(source, { storeIsEmpty: false, chance: realChance(), time }))).toBe("kek_missing");
  });
});
