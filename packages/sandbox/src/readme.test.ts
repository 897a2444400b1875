import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { operations } from "./control/control-api.ts";
import { PRESETS, SWITCHES, type SwitchName, xero } from "./engine/index.ts";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");

test("the README lists every switch with Xero's value and every other value", () => {
  const rows = new Map(
    [...readme.matchAll(/^\| `([^`]+)` \| `?([^`|]+?)`? \|(.*)\|$/gm)].map(([, name, value, others]) => [
      name,
      { value, others },
    ]),
  );
  for (const [name, { accepts }] of Object.entries(SWITCHES)) {
    const row = rows.get(name);
    expect(row?.value, name).toBe(String(xero[name as SwitchName]));
    const others =
      accepts.kind === "one-of" ? accepts.values.filter((value) => value !== xero[name as SwitchName]) : [];
    for (const other of others) expect(row?.others, name).toContain(String(other));
  }
});

test("the README lists every operation of the control API", () => {
  for (const [method, path] of operations) expect(readme).toContain(`\`${method} ${path}\``);
});

test("the README explains every dialect", () => {
  for (const name of Object.keys(PRESETS)) expect(readme).toContain(`| \`${name}\` | `);
});
