import { inspect } from "node:util";
import { Secret } from "@evergrant/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SealContext, Sealed, WrappedKey } from "../ports/sealer.ts";
import { realChance } from "../real-time.ts";
import { makeKeyCheck } from "./key-check.ts";
import { parseKeyRing } from "./key-ring.ts";
import { keySealer } from "./key-sealer.ts";

const chance = realChance();
const keyText = (fill: number) => Buffer.alloc(32, fill).toString("base64");
const ring = parseKeyRing(`k1:${keyText(1)}`);
const keyCheck = makeKeyCheck(ring, "dp_1", chance);
const sealer = keySealer({ ring, deployment: "dp_1", keyCheck, chance });

const text = fc.string({ unit: "grapheme", maxLength: 30 });
const kind = fc.constantFrom<SealContext["kind"]>(
  "refresh-token",
  "access-token",
  "client-secret",
  "code-verifier",
  "data-key",
);
const context: fc.Arbitrary<SealContext> = fc.record({ owner: text, chain: text, kind, version: text });

describe("a sealed value", () => {
  it("opens where it belongs, whatever it is", () => {
    fc.assert(
      fc.property(context, fc.string({ unit: "grapheme" }), (where, plain) => {
        const key = sealer.newDataKey(where.owner);
        const sealed = sealer.seal(key, where, new Secret(plain));
        expect(sealer.open(key, where, sealed).reveal()).toBe(plain);
        // A second node with the same ring and deployment opens it too.
        expect(keySealer({ ring, deployment: "dp_1", keyCheck, chance }).open(key, where, sealed).reveal()).toBe(plain);
      }),
    );
  });

  it("I7 right token: opens in no other context", () => {
    fc.assert(
      fc.property(context, context, (here, there) => {
        fc.pre(JSON.stringify(here) !== JSON.stringify(there));
        const key = sealer.newDataKey(here.owner);
        const sealed = sealer.seal(key, here, new Secret("token"));
        expect(() => sealer.open(key, there, sealed)).toThrow();
      }),
    );
  });

  it("opens in no context that only cuts the same letters differently", () => {
    const here: SealContext = { owner: "gr_1", chain: "ch_1", kind: "refresh-token", version: "tv_1" };
    const key = sealer.newDataKey("gr_1");
    const sealed = sealer.seal(key, here, new Secret("token"));
    for (const there of [
      { ...here, chain: "ch_1refresh-token" },
      { ...here, chain: "", version: "ch_1tv_1" },
      { ...here, chain: "ch_", version: "1tv_1" },
    ])
      expect(() => sealer.open(key, there, sealed)).toThrow();
  });

  it("opens no more once any of its bits has changed", () => {
    const where: SealContext = { owner: "gr_1", chain: "ch_1", kind: "refresh-token", version: "tv_1" };
    const key = sealer.newDataKey("gr_1");
    const sealed = sealer.seal(key, where, new Secret("a token"));
    fc.assert(
      fc.property(fc.nat(Buffer.from(sealed, "base64url").length * 8 - 1), (bit) => {
        const bytes = Buffer.from(sealed, "base64url");
        bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(() => sealer.open(key, where, bytes.toString("base64url") as Sealed)).toThrow();
      }),
    );
    for (const cut of ["", "AAAA", sealed.slice(0, -1), sealed.slice(0, 20), `${sealed}A`, `${sealed}=`])
      expect(() => sealer.open(key, where, cut as Sealed)).toThrow();
  });

  it("differs each time it is sealed", () => {
    const where: SealContext = { owner: "gr_1", chain: "", kind: "client-secret", version: "sc_1" };
    const key = sealer.newDataKey("gr_1");
    const many = Array.from({ length: 100 }, () => sealer.seal(key, where, new Secret("same")));
    expect(new Set(many).size).toBe(100);
  });
});

describe("a data key", () => {
  it("opens for its own owner alone", () => {
    fc.assert(
      fc.property(text, text, (owner, other) => {
        fc.pre(owner !== other);
        const key = sealer.newDataKey(owner);
        expect(() =>
          sealer.seal(key, { owner: other, chain: "", kind: "access-token", version: "" }, new Secret("x")),
        ).toThrow();
      }),
    );
  });

  it("opens no more once any of its bits has changed", () => {
    const key = sealer.newDataKey("gr_1");
    const [id = "", box = ""] = key.split(".");
    fc.assert(
      fc.property(fc.nat(Buffer.from(box, "base64url").length * 8 - 1), (bit) => {
        const bytes = Buffer.from(box, "base64url");
        bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const changed = `${id}.${bytes.toString("base64url")}` as WrappedKey;
        expect(() =>
          sealer.seal(changed, { owner: "gr_1", chain: "", kind: "access-token", version: "" }, new Secret("x")),
        ).toThrow();
      }),
    );
  });

  it("opens in no other deployment, although the key-encryption key is the same", () => {
    const where: SealContext = { owner: "gr_1", chain: "ch_1", kind: "refresh-token", version: "tv_1" };
    const key = sealer.newDataKey("gr_1");
    const sealed = sealer.seal(key, where, new Secret("token"));
    const clone = keySealer({ ring, deployment: "dp_2", keyCheck: makeKeyCheck(ring, "dp_2", chance), chance });
    expect(() => clone.open(key, where, sealed)).toThrow();
  });

  it("is kept in memory for a bounded number of owners, and opens again after it was let go", () => {
    const where = (owner: string): SealContext => ({ owner, chain: "", kind: "access-token", version: "" });
    const first = sealer.newDataKey("first");
    const sealed = sealer.seal(first, where("first"), new Secret("kept"));
    for (let index = 0; index < 1_100; index += 1)
      sealer.seal(sealer.newDataKey(`o${index}`), where(`o${index}`), new Secret("x"));
    expect(sealer.open(first, where("first"), sealed).reveal()).toBe("kept");
  });
});

describe("a new primary key", () => {
  const where: SealContext = { owner: "gr_1", chain: "ch_1", kind: "refresh-token", version: "tv_1" };
  const rotated = parseKeyRing(`k2:${keyText(2)}\nk1:${keyText(1)}`);
  const after = keySealer({ ring: rotated, deployment: "dp_1", keyCheck, chance });

  it("opens what the old one sealed, and seals what the old one cannot open", () => {
    const key = sealer.newDataKey("gr_1");
    expect(after.open(key, where, sealer.seal(key, where, new Secret("old"))).reveal()).toBe("old");
    expect(() => sealer.seal(after.newDataKey("gr_1"), where, new Secret("new"))).toThrow(
      expect.objectContaining({ code: "kek_wrong" }),
    );
  });

  it("changes no fingerprint and no link", () => {
    expect(after.authenticate("token-fingerprint", "rt-1")).toBe(sealer.authenticate("token-fingerprint", "rt-1"));
  });
});

describe("authenticating a text", () => {
  it("says the same at each start, and something else for another text, purpose or deployment", () => {
    const again = keySealer({ ring, deployment: "dp_1", keyCheck, chance });
    const other = keySealer({ ring, deployment: "dp_2", keyCheck: makeKeyCheck(ring, "dp_2", chance), chance });
    const mac = sealer.authenticate("consent-link", "co_1.0");
    expect(mac).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(again.authenticate("consent-link", "co_1.0")).toBe(mac);
    const others = [
      sealer.authenticate("consent-link", "co_1.1"),
      sealer.authenticate("browser", "co_1.0"),
      sealer.authenticate("token-fingerprint", "co_1.0"),
      other.authenticate("consent-link", "co_1.0"),
    ];
    expect(new Set([mac, ...others]).size).toBe(5);
  });
});

describe("the key-check value", () => {
  it.each([
    ["another key under the same id", `k1:${keyText(9)}`, "dp_1"],
    ["a ring without its key", `k9:${keyText(1)}`, "dp_1"],
    ["another deployment", `k1:${keyText(1)}`, "dp_2"],
  ])("refuses %s", (_what, keys, deployment) => {
    expect(() => keySealer({ ring: parseKeyRing(keys), deployment, keyCheck, chance })).toThrow(
      expect.objectContaining({ code: "kek_wrong" }),
    );
  });

  it.each(["", "k1", "k1.", ".", "k1.AAAA", "nonsense"])("refuses %j, which none of ours is", (text) => {
    expect(() => keySealer({ ring, deployment: "dp_1", keyCheck: text, chance })).toThrow(
      expect.objectContaining({ code: "kek_wrong" }),
    );
  });
});

describe("printing", () => {
  it("never shows a key or a value, neither of the sealer nor of its errors", () => {
    const key = sealer.newDataKey("gr_1");
    const where: SealContext = { owner: "gr_1", chain: "", kind: "access-token", version: "" };
    const sealed = sealer.seal(key, where, new Secret("canary-token"));
    const errors: unknown[] = [];
    try {
      sealer.open(key, { ...where, version: "other" }, sealed);
    } catch (error) {
      errors.push(error);
    }
    expect(errors).toHaveLength(1);
    const printed = [sealer, ...errors]
      .map((each) => `${inspect(each, { depth: 9, showHidden: true })}${JSON.stringify(each)}`)
      .join();
    for (const secret of [keyText(1).slice(0, 20), "01 01 01 01", "canary-token", sealed, key.split(".")[1] ?? ""])
      expect(printed).not.toContain(secret);
  });
});
