import { CLIENT_IDS, type ClientId, clientOf, SERVERS, type ServerName } from "./clients.ts";
import { expectedOutcome, type Outcome } from "./expected.ts";
import { SCENARIOS } from "./scenarios.ts";

/** Where the table stands, from the root of the repository. */
export const PAGE = "docs/clients.md";

/** The page on the client matrix; `versions`: of npm packages, as the root's `package.json` pins them. */
export function renderPage(versions: Readonly<Record<string, string>>): string {
  const failures = new Notes((index) => String(index + 1));
  const reasons = new Notes((index) => String.fromCharCode("a".charCodeAt(0) + index));
  const tables = SERVERS.map((server) => `## ${server}\n\n${serverTable(server, { failures, reasons })}`);
  return [
    "# Which client lives through what",
    INTRODUCTION,
    counts(),
    ...tables,
    "## Why a client fails",
    failures.list(),
    "## Why a cell is not applicable",
    reasons.list(),
    "## What the columns ask",
    list(SCENARIOS.map(({ name, passes }) => `**${name}**: ${passes}.`)),
    "## The clients",
    table(
      ["client", "version", "used here"],
      CLIENT_IDS.map((id) => clientRow(id, versions)),
    ),
    "",
  ].join("\n\n");
}

const INTRODUCTION = `The clients that others wrote run as they were published, each in a process of its own, by their own functions alone: what refreshes, revokes or calls the API in a cell is the
client. Time is moved, for the server and for the client's process alike. Those whose addresses are Xero's find the sandbox under Xero's own host names.

Every cell but those marked – is a test of \`tests/client-matrix.test.ts\` that runs in \`npm test\`; a cell that ends otherwise than this page says, for better or worse, fails it.
This page is made from the same data by \`npm run clients\`, and a test holds it to them. **failed** is no mistake of the test: it is what happens to that client, with the reason below.

\`sandbox/xero\` has Xero's grace: a spent refresh token may be repeated for 30 minutes, and each repeat gives one more successor (what Xero gives is unknown: [xero-facts.md](xero-facts.md)). \`sandbox/strict\` and \`oidc-provider\`, a certified server of others, have none: a spent refresh token that
comes again ends the grant.`;

function counts(): string {
  const kinds = SERVERS.flatMap((server) => CLIENT_IDS.flatMap((id) => outcomes(id, server).map(({ kind }) => kind)));
  const of = (kind: Outcome["kind"]) => kinds.filter((each) => each === kind).length;
  return `Of ${kinds.length} cells: ${of("passed")} passed, ${of("failed")} failed, ${of("not-applicable")} not applicable.`;
}

interface CellNotes {
  readonly failures: Notes;
  readonly reasons: Notes;
}

function serverTable(server: ServerName, notes: CellNotes): string {
  const rows = CLIENT_IDS.map((id) => [
    clientOf(id).name,
    ...outcomes(id, server).map((outcome) => cellText(outcome, notes)),
  ]);
  return table(["", ...SCENARIOS.map(({ name }) => name)], rows);
}

const outcomes = (id: ClientId, server: ServerName): readonly Outcome[] =>
  SCENARIOS.map((scenario) => expectedOutcome(id, scenario, server));

function cellText(outcome: Outcome, { failures, reasons }: CellNotes): string {
  switch (outcome.kind) {
    case "passed":
      return "passed";
    case "failed":
      return `**failed** (${failures.mark(outcome.why)})`;
    case "not-applicable":
      return `– (${reasons.mark(outcome.why)})`;
  }
}

function clientRow(id: ClientId, versions: Readonly<Record<string, string>>): readonly string[] {
  const { name, npm, usedBy } = clientOf(id);
  if (npm === null) return [name, "this repository", usedBy];
  const version = versions[npm];
  if (version === undefined) throw new Error(`${npm} has no version`);
  return [name, version, usedBy];
}

/** Footnotes, each text once, marked in the order in which they are met. */
class Notes {
  readonly #markOf: (index: number) => string;
  readonly #texts: string[] = [];

  constructor(markOf: (index: number) => string) {
    this.#markOf = markOf;
  }

  mark(text: string): string {
    if (!this.#texts.includes(text)) this.#texts.push(text);
    return this.#markOf(this.#texts.indexOf(text));
  }

  list(): string {
    return list(this.#texts.map((text, index) => `(${this.#markOf(index)}) ${text}${text.endsWith(".") ? "" : "."}`));
  }
}

const list = (items: readonly string[]): string => items.map((item) => `- ${item}`).join("\n");

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), `|${"---|".repeat(head.length)}`, ...rows.map(line)].join("\n");
}
