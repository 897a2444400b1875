import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { inputs } from "./control/inputs.ts";
import { OPERATIONS } from "./control/operations.ts";
import { PRESETS, SWITCHES, type SwitchName, xero } from "./engine/index.ts";
import { FAULT_ACTIONS, FAULT_ENDPOINTS, FAULT_MATCHERS, FAULT_POINTS, type FaultSide } from "./fault-table.ts";

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
  for (const [method, path] of OPERATIONS) expect(readme).toContain(`\`${method} ${path}\``);
});

test("the README explains every dialect", () => {
  for (const name of Object.keys(PRESETS)) expect(readme).toContain(`| \`${name}\` | `);
});

test("the README's tables of faults are the sandbox's own", () => {
  const row = (name: string, ...cells: readonly string[]) => `| ${[`\`${name}\``, ...cells].join(" | ")} |`;
  for (const [name, { is }] of Object.entries(FAULT_ENDPOINTS)) expect(readme).toContain(row(name, is));
  for (const table of [FAULT_POINTS, FAULT_MATCHERS])
    for (const [name, is] of Object.entries(table)) expect(readme).toContain(row(name, is));
  for (const [name, { does, at }] of Object.entries(FAULT_ACTIONS)) {
    const points = (side: FaultSide) => at[side]?.map((point) => `\`${point}\``).join(", ") ?? "never";
    expect(readme).toContain(row(name, does, points("answer"), points("webhook"), points("mail")));
  }
});

test("the faults that can be placed are exactly those of the tables", () => {
  const { shape } = inputs.fault;
  expect(shape.endpoint.options).toEqual(Object.keys(FAULT_ENDPOINTS));
  expect(shape.point.options).toEqual(Object.keys(FAULT_POINTS));
  expect(shape.action.options.flatMap((option) => [...option.shape.kind.values])).toEqual(Object.keys(FAULT_ACTIONS));
  const { endpoint: _endpoint, point: _point, action: _action, ...matchers } = shape;
  expect(Object.keys(matchers)).toEqual(Object.keys(FAULT_MATCHERS));
});
