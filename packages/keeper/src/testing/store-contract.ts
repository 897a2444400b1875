import { afterEach, beforeEach, describe } from "vitest";
import { describeClosing } from "./contract/closing-promises.ts";
import { describeConnections } from "./contract/connection-promises.ts";
import { describeConsents } from "./contract/consent-promises.ts";
import { describeDirectories } from "./contract/directory-promises.ts";
import { describeErasure } from "./contract/erasure-promises.ts";
import { describeGrants } from "./contract/grant-promises.ts";
import { describeIncarnations } from "./contract/incarnation-promises.ts";
import { describeKeys } from "./contract/key-promises.ts";
import { describeNodes } from "./contract/node-promises.ts";
import { describeNotices } from "./contract/notice-promises.ts";
import { describeOperators } from "./contract/operator-promises.ts";
import { describePages } from "./contract/page-promises.ts";
import { describeRecords } from "./contract/record-promises.ts";
import type { StoreWorld } from "./contract/store-world.ts";
import { describeTexts } from "./contract/text-promises.ts";
import { describeTokens } from "./contract/token-promises.ts";

/**
 * What every store promises, proven of one: each test gets a world of its own from `open`. A shared one promises more, and its
 * worlds have a `secondNode`.
 */
export function describeStore(
  name: string,
  open: () => Promise<StoreWorld>,
  { shared = false }: { readonly shared?: boolean } = {},
): void {
  describe(`${name} as a store`, () => {
    const opened: StoreWorld[] = [];
    beforeEach(async () => {
      opened.push(await open());
    });
    afterEach(async () => {
      await opened.pop()?.dispose();
    });
    const world = (): StoreWorld => {
      const current = opened.at(-1);
      if (current === undefined) throw new Error("a world is there only while a test runs");
      return current;
    };
    describeGrants(world);
    describeTokens(world);
    describeConnections(world);
    describeConsents(world);
    describeDirectories(world);
    describeOperators(world);
    describePages(world);
    describeRecords(world);
    describeTexts(world);
    describeIncarnations(world);
    describeNotices(world);
    describeErasure(world);
    describeKeys(world);
    if (shared) describeNodes(world);
    describeClosing(world);
  });
}
