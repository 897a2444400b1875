import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DEFAULT_LIMITS } from "@evergrant/core";
import { PROVIDERS, withOwnProviders } from "@evergrant/keeper";
import { describe, expect, test } from "vitest";
import { PAGE, renderPage } from "../../tools/providers/page.ts";

const page = readFileSync(join(import.meta.dirname, "../..", PAGE), "utf8");

describe("the page on providers", () => {
  test("says what the data say (else: npm run providers)", () => {
    expect(page).toBe(renderPage(page));
    for (const { id } of PROVIDERS.values()) expect(page).toContain(`| \`${id}\` |`);
  });

  test("shows a file that is taken as it stands", () => {
    const [, example = ""] = /```json\n([\s\S]*?)```/.exec(page) ?? [];
    expect(withOwnProviders([{ name: "example.json", text: example }], DEFAULT_LIMITS).has("ledger")).toBe(true);
  });

  test("tells of every field that a file may hold", () => {
    const fields = Object.keys(PROVIDERS.get("xero") ?? {}).filter(
      (field) => !["id", "displayName", "kind", "examplePath"].includes(field),
    );
    for (const field of fields) expect(page, field).toMatch(new RegExp(`\`${field}[.\`]`));
  });

  test("is refused without the place that is drawn anew", () => {
    expect(() => renderPage("# Providers\n")).toThrow(/generated/);
  });
});
