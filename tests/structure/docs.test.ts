import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { CLIENT_ERRORS } from "@evergrant/client";
import { ERRORS } from "@evergrant/core";
import { SANDBOX_ERRORS } from "@evergrant/sandbox";
import { SWITCHES } from "@evergrant/sandbox/engine";
import { describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");

describe("docs/errors.md", () => {
  const text = read("docs/errors.md");
  const sections = new Map(
    text
      .split(/^## /m)
      .slice(1)
      .map((section) => [section.split("\n", 1)[0]?.trim() ?? "", section]),
  );

  test("has a heading for every error code", () => {
    expect([...Object.keys(ERRORS), ...Object.keys(CLIENT_ERRORS)].filter((code) => !sections.has(code))).toEqual([]);
  });

  test("has no heading for a code that does not exist", () => {
    const known = new Set([...Object.keys(ERRORS), ...Object.keys(SANDBOX_ERRORS), ...Object.keys(CLIENT_ERRORS)]);
    expect(
      [...sections.keys()].filter((heading) => /^[a-z0-9]+(_[a-z0-9]+)+$/.test(heading) && !known.has(heading)),
    ).toEqual([]);
  });

  test("gives no code of the client library the name of one of Evergrant's", () => {
    expect(Object.keys(CLIENT_ERRORS).filter((code) => Object.hasOwn(ERRORS, code))).toEqual([]);
  });

  test("tells the HTTP status of every code", () => {
    const silent = Object.entries(ERRORS).filter(
      ([code, { status }]) => !new RegExp(`\\b${status}\\b`).test(sections.get(code) ?? ""),
    );
    expect(silent.map(([code]) => code)).toEqual([]);
  });

  test("or the sandbox's own page names every code of the sandbox", () => {
    const pages = [text, ...globSync("packages/sandbox/README.md", { cwd: root }).map(read)].join("\n");
    expect(Object.keys(SANDBOX_ERRORS).filter((code) => !pages.includes(`\`${code}\``))).toEqual([]);
  });
});

describe("docs/xero-facts.md", () => {
  const text = read("docs/xero-facts.md");
  const facts = [...text.matchAll(/^\| (.+) \|$/gm)]
    .map(([, row = ""]) => row.split(" | "))
    .filter(([fact]) => fact !== "fact");
  const labels = ["official", "staff", "captured", "third party", "unknown"];

  test("labels every fact and counts the labels in its first lines", () => {
    expect(facts.filter(([, , label = ""]) => !labels.includes(label))).toEqual([]);
    const share = labels.map((label) => `${facts.filter(([, , known]) => known === label).length} ${label}`);
    expect(text).toContain(`Of ${facts.length} facts: ${share.join(", ")}.`);
  });

  test("names a switch that exists, or says why none is needed, wherever Xero is unknown", () => {
    const named = facts.map(([, here = ""]) =>
      [...here.matchAll(/`([a-z0-9_]+(?:\.[a-z0-9_]+)?)`/g)].map(([, name = ""]) => name),
    );
    const silent = facts.filter(([, , label, source], index) => {
      const switched = named[index]?.some((name) => Object.hasOwn(SWITCHES, name));
      return label === "unknown" && switched !== true && source?.startsWith("no switch") !== true;
    });
    expect(silent).toEqual([]);
    const said = [...text.matchAll(/switch(?:es)? ((?:`[^`]+`(?:, )?)+)/g)].flatMap(([, list = ""]) =>
      [...list.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name),
    );
    expect(said.filter((name) => !Object.hasOwn(SWITCHES, name))).toEqual([]);
  });
});

describe("docs/decisions", () => {
  interface Manifest {
    readonly dependencies?: Readonly<Record<string, string>>;
    readonly devDependencies?: Readonly<Record<string, string>>;
  }
  const manifests = ["package.json", ...globSync("packages/*/package.json", { cwd: root })];
  const declared = manifests.flatMap((path) => {
    const { dependencies = {}, devDependencies = {} }: Manifest = JSON.parse(read(path));
    return Object.entries({ ...dependencies, ...devDependencies }).filter(([name]) => !name.startsWith("@evergrant/"));
  });
  const names = [...new Set(declared.map(([name]) => name))].sort();

  test("gives a reason for every dependency, and for none that is gone", () => {
    const listed = [...read("docs/decisions/dependencies.md").matchAll(/^\| `([^`]+)` \| \S.*\|$/gm)].map(
      ([, name = ""]) => name,
    );
    expect(listed.sort()).toEqual(names);
  });

  test("finds every dependency pinned to one exact version", () => {
    expect(declared.filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([]);
    const versions = new Map(declared);
    expect(declared.filter(([name, version]) => versions.get(name) !== version)).toEqual([]);
  });

  test("has the same parts in every decision", () => {
    const decisions = globSync("docs/decisions/[0-9]*.md", { cwd: root });
    expect(decisions.length).toBeGreaterThan(0);
    const parts = ["Context", "Decision", "What we gave up", "How we would notice we were wrong"];
    expect(decisions.filter((path) => !parts.every((part) => read(path).includes(`**${part}.**`)))).toEqual([]);
  });
});
