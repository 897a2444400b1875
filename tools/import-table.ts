/** One row of the table "who may know whom". A file belongs to the row with the longest place that holds it. */
export interface ImportRow {
  /** A folder or file, from the root of the repository. */
  readonly place: string;
  /**
   * What the place may import besides itself: a place, a folder's own files (`FOLDER/*`), `@evergrant/…` (a package's
   * exports), `npm:NAME`, `npm:*`, `node:NAME` or `node:*`. With `type:` before it, by `import type` alone.
   */
  readonly may: readonly string[];
}

const PUBLIC = {
  "@evergrant/core": "packages/core/src/index.ts",
  "@evergrant/contract": "packages/contract/src/index.ts",
  "@evergrant/keeper": "packages/keeper/src/index.ts",
  "@evergrant/keeper/parts": "packages/keeper/src/parts.ts",
  "@evergrant/server": "packages/server/src/index.ts",
  "@evergrant/sandbox": "packages/sandbox/src/index.ts",
  "@evergrant/sandbox/engine": "packages/sandbox/src/engine/index.ts",
  "@evergrant/client": "packages/client/src/index.ts",
  "@evergrant/client/xero-node": "packages/client/src/xero-node.ts",
  "@evergrant/cli": "packages/cli/src/index.ts",
} as const satisfies Record<`@evergrant/${string}`, string>;

/** Every public entrance of a package, by the name others import it with. */
export const PUBLIC_ENTRANCES: Readonly<Record<string, string>> = PUBLIC;

const EVERY_PACKAGE = Object.keys(PUBLIC);
const keeper = "packages/keeper/src";
const ADAPTER = [`${keeper}/ports`, "@evergrant/core"];

/** Default deny: what a row does not name is an error, and so is a file that no row holds. */
export const IMPORT_TABLE: readonly ImportRow[] = [
  { place: "packages/core/src", may: [] },
  { place: "packages/contract/src", may: ["npm:zod"] },

  { place: `${keeper}/ports`, may: ["@evergrant/core"] },
  // node:crypto for digests alone: a hash is pure, and a structure test finds whoever draws random bytes.
  { place: `${keeper}/service`, may: [`${keeper}/ports`, "@evergrant/core", "node:crypto"] },
  { place: `${keeper}/stores`, may: [...ADAPTER, "node:crypto"] },
  { place: `${keeper}/stores/sql`, may: [...ADAPTER, `${keeper}/stores/*`, "npm:kysely", "node:crypto"] },
  {
    place: `${keeper}/stores/sqlite`,
    may: [...ADAPTER, `${keeper}/stores/*`, `${keeper}/stores/sql`, "npm:kysely", "node:*"],
  },
  {
    place: `${keeper}/stores/postgres`,
    may: [...ADAPTER, `${keeper}/stores/*`, `${keeper}/stores/sql`, "npm:kysely", "npm:pg"],
  },
  { place: `${keeper}/stores/memory`, may: [...ADAPTER, `${keeper}/stores/*`, "node:crypto"] },
  { place: `${keeper}/journal`, may: [...ADAPTER, "node:*"] },
  { place: `${keeper}/sealing`, may: [...ADAPTER, `${keeper}/sealing/kms`, "node:*"] },
  { place: `${keeper}/sealing/kms`, may: [...ADAPTER, "npm:aws4fetch", "node:*"] },
  { place: `${keeper}/token-endpoint`, may: [...ADAPTER, "npm:undici", "npm:zod", "node:*"] },
  { place: `${keeper}/provider-api`, may: [...ADAPTER, "npm:undici", "npm:zod", "node:*"] },
  { place: `${keeper}/mail`, may: [...ADAPTER, "npm:nodemailer", "node:*"] },
  { place: `${keeper}/webhook`, may: [...ADAPTER, `${keeper}/egress`, "npm:undici", "node:*"] },
  // Where connections to addresses that others named may go: the gateway's, the webhooks' and those that fetch keys.
  { place: `${keeper}/egress`, may: ["@evergrant/core", "node:dns", "node:net"] },
  {
    place: `${keeper}/assertions`,
    may: [...ADAPTER, `${keeper}/egress`, "npm:jose", "npm:undici", "node:*"],
  },
  { place: `${keeper}/providers`, may: [...ADAPTER, "npm:zod"] },
  { place: `${keeper}/real-time.ts`, may: [`${keeper}/ports`, "node:*"] },
  { place: `${keeper}/node`, may: [keeper, "@evergrant/core", "node:*"] },
  { place: `${keeper}/index.ts`, may: [keeper, "@evergrant/core"] },
  { place: `${keeper}/parts.ts`, may: [keeper, "@evergrant/core"] },

  {
    place: "packages/server/src/gateway",
    may: ["packages/server/src", ...["@evergrant/core", "@evergrant/keeper", "npm:fastify", "npm:undici", "node:*"]],
  },
  {
    place: "packages/server/src/sign-in",
    may: ["packages/server/src", "@evergrant/core", "@evergrant/keeper", "npm:openid-client"],
  },
  {
    place: "packages/server/src",
    may: [
      "packages/server/src/gateway",
      "packages/server/src/sign-in",
      "@evergrant/core",
      "@evergrant/keeper",
      "@evergrant/contract",
      "npm:fastify",
      "npm:@fastify/cookie",
      "npm:@fastify/formbody",
      "npm:pino",
      "npm:prom-client",
      "npm:@opentelemetry/api",
      "npm:qr",
      "npm:zod",
      "node:*",
    ],
  },

  // Whoever installs it gets nothing else: types are gone when it runs.
  { place: "packages/client/src", may: ["type:@evergrant/contract", "node:*"] },

  { place: "packages/sandbox/src/engine", may: [] },
  { place: "packages/sandbox/src/accounting", may: ["packages/sandbox/src/engine", "npm:zod"] },
  {
    place: "packages/sandbox/src/mail",
    may: ["packages/sandbox/src", "packages/sandbox/src/engine", "npm:nodemailer"],
  },
  // It runs inside programs of other people, before anything of theirs.
  {
    place: "packages/sandbox/src/preload",
    may: ["packages/sandbox/src/real-time.ts", "packages/sandbox/src/xero-hosts.ts", "node:*"],
  },
  {
    place: "packages/sandbox/src/exec",
    may: ["packages/sandbox/src", "packages/sandbox/src/preload", "node:*"],
  },
  {
    place: "packages/sandbox/src/command",
    may: [
      "packages/sandbox/src",
      "packages/sandbox/src/engine",
      "packages/sandbox/src/exec",
      "npm:commander",
      "node:*",
    ],
  },
  {
    place: "packages/sandbox/src",
    may: [
      "packages/sandbox/src/engine",
      "packages/sandbox/src/accounting",
      "packages/sandbox/src/mail",
      "packages/sandbox/src/exec",
      "npm:fastify",
      "npm:@fastify/cookie",
      "npm:@fastify/formbody",
      "npm:jose",
      "npm:saxes",
      "npm:zod",
      "node:*",
    ],
  },

  { place: "packages/cli/src", may: [...EVERY_PACKAGE, "npm:commander", "npm:@clack/prompts", "npm:qr", "node:*"] },

  // It holds the page of the client matrix to the data behind it.
  { place: "tests/structure", may: [...EVERY_PACKAGE, "tests/client-matrix", "tools", "npm:*", "node:*"] },
  { place: "tests", may: [...EVERY_PACKAGE, "npm:*", "node:*"] },
  { place: "simulation", may: [...EVERY_PACKAGE, "npm:*", "node:*"] },
  { place: "tools/providers", may: ["@evergrant/core", "@evergrant/keeper", "node:*"] },
  { place: "tools/reliability", may: ["@evergrant/core", "@evergrant/keeper", "node:*"] },
  // The servers it measures are those of the protocol suite.
  { place: "benchmarks", may: [...EVERY_PACKAGE, "tests/protocol", "npm:*", "node:*"] },
  { place: "tools", may: ["npm:vitest", "node:*"] },
];

/** What a `*.test.ts` beside the source may import besides its own package and what that package's rows name. */
export const TEST_IMPORTS: readonly string[] = [
  "tests/kit",
  "npm:vitest",
  "npm:fast-check",
  "npm:openid-client",
  "npm:openapi-backend",
  "npm:qr",
  "node:*",
];
