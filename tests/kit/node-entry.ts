import { startNode } from "@evergrant/cli";
import { DEFAULT_LIMITS } from "@evergrant/core";
import { PROVIDERS } from "@evergrant/keeper";
import type { NodeConfiguration } from "./node-process.ts";
import { SCALED_LIMITS, scaledProviders } from "./scaled-policy.ts";

const configuration: NodeConfiguration = JSON.parse(process.env["EVERGRANT_TEST_NODE"] ?? "{}");
const scaled = configuration.policy === "scaled";

const node = await startNode({
  folder: configuration.folder,
  port: configuration.port,
  followClock: configuration.followClock,
  limits: scaled ? SCALED_LIMITS : DEFAULT_LIMITS,
  providers: scaled ? scaledProviders() : PROVIDERS,
  terminal: false,
});
console.log(`ready ${node.url}`);

process.once("SIGTERM", () => {
  void node.close().then(() => process.exit(0));
});
