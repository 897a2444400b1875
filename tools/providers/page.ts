import { DEFAULT_LIMITS, type Rotation, timing } from "@evergrant/core";
import { PROVIDERS, type Provider } from "@evergrant/keeper";

/** Where the page lies, from the root of the repository. */
export const PAGE = "docs/providers.md";

const BEGIN = "<!-- generated: providers -->";
const END = "<!-- end -->";

/** The page with the table and the promises drawn anew from the data; what a person wrote around them stays. */
export function renderPage(page: string): string {
  const [before, rest, ...more] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined || more.length > 0) throw new Error(`${PAGE} has no one ${BEGIN}`);
  return `${before}${BEGIN}\n\n${generated()}\n\n${END}${after}`;
}

function generated(): string {
  const providers = [...PROVIDERS.values()];
  const rows = providers.map((provider) => `| ${cellsOf(provider).join(" | ")} |`);
  return [
    "| provider | id | access token | refresh token unused | consent in all | rotation | organisations | unconfirmed |",
    "|---|---|---|---|---|---|---|---|",
    ...rows,
    "",
    "### What the rules of each do not let us promise",
    "",
    ...providers.map(promiseOf),
    "",
    "### What is used though no source says all of it",
    "",
    ...providers.flatMap(unconfirmedOf),
  ].join("\n");
}

function cellsOf(provider: Provider): readonly string[] {
  const { displayName, id, policy, tenants, tenantLocator } = provider;
  const { accessLifeMs, idleLifeMs, absoluteLifeMs, rotation } = policy;
  const life = (value: number | string) => (typeof value === "number" ? duration(value) : value);
  return [
    ...[displayName, `\`${id}\``, duration(accessLifeMs), life(idleLifeMs), life(absoluteLifeMs)],
    ...[rotationWords(rotation), `${TENANTS[tenants.kind]}; ${LOCATORS[tenantLocator.kind]}`],
    unconfirmedFacts(provider)
      .map(([fact]) => fact)
      .join(", ") || "nothing",
  ];
}

function promiseOf(provider: Provider): string {
  const verdict = timing(provider.policy, DEFAULT_LIMITS);
  const sentences = verdict.kind === "possible" ? verdict.timing.cannotPromise : verdict.reasons;
  const unknown = Object.entries(provider.sources).filter(
    ([, source]) => typeof source === "string" && /\bunknown\b/i.test(source),
  );
  return `- **${provider.displayName}.** ${sentences.join(" ") || "Nothing is missing."}${unknown.length === 0 ? "" : ` Unknown in whole or part: ${unknown.map(([fact]) => fact).join(", ")}.`}`;
}

function unconfirmedOf(provider: Provider): readonly string[] {
  return unconfirmedFacts(provider).map(([fact, why]) => `- **${provider.displayName}**, ${fact}: ${why}`);
}

function unconfirmedFacts({ sources }: Provider): readonly (readonly [string, string])[] {
  return Object.entries(sources).flatMap(([fact, source]) =>
    typeof source === "string" ? [] : [[fact, source.unconfirmed] as const],
  );
}

const TENANTS: { readonly [K in Provider["tenants"]["kind"]]: string } = {
  list: "from a list",
  callback: "one, from the callback",
  "token-answer": "one, from the token answer",
  none: "none",
};
const LOCATORS: { readonly [K in Provider["tenantLocator"]["kind"]]: string } = {
  header: "named in a header",
  query: "named in the query",
  path: "named in the path",
  host: "named by the host",
  none: "not named",
};

function rotationWords(rotation: Rotation): string {
  switch (rotation.kind) {
    case "none":
      return "none: it stays";
    case "grace":
      return `new each time; the old one for ${duration(rotation.seconds * 1000)}`;
    case "confirm-on-use":
      return "new each time; the old one until the new is used";
    case "strict":
      return "new each time; no grace known";
    case "unrevoked":
      return "new each time; the old ones live on";
  }
}

function duration(ms: number): string {
  const [size, unit] = [[365 * 86_400_000, "y"] as const, [86_400_000, "d"] as const, [3_600_000, "h"] as const].find(
    ([one]) => ms >= one && ms % one === 0,
  ) ?? [60_000, "min"];
  return `${ms / size} ${unit}`;
}
