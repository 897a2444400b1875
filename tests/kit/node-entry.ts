import { startNode } from "@evergrant/cli";
import { DEFAULT_LIMITS } from "@evergrant/core";
import { mailServerOf } from "@evergrant/keeper";
import { createRequestLog } from "@evergrant/server";
import type { NodeConfiguration } from "./node-process.ts";
import { takeOtherWay } from "./other-way.ts";
import { LIMITS, scaledProviders } from "./scaled-policy.ts";

const configuration: NodeConfiguration = JSON.parse(process.env["EVERGRANT_TEST_NODE"] ?? "{}");

const { shared, policy, followClock, smtp, way } = configuration;
let { aheadMs = 0 } = configuration;

if (way !== undefined) takeOtherWay(way);
const machineNow = Date.now;
Date.now = () => machineNow() + aheadMs;
process.on("message", (told: object) => {
  if (!("leapMs" in told)) return;
  aheadMs += Number(told.leapMs);
  process.send?.("leapt");
});
process.channel?.unref();

const node = await startNode({
  ...(shared === null
    ? {}
    : { store: { kind: "postgres", dsn: shared.dsn }, keyRing: { kind: "file", path: shared.kekFile } }),
  ...(shared?.publicUrl == null ? {} : { publicUrl: shared.publicUrl }),
  folder: configuration.folder,
  port: configuration.port,
  ...(followClock === null ? {} : { followClock }),
  limits: { ...(policy === "default" ? DEFAULT_LIMITS : LIMITS[policy]), ...shared?.limits },
  ...(smtp == null ? {} : { mail: mailServerOf({ ...smtp, from: "Evergrant <evergrant@deployment.example>" }) }),
  ...(policy === "default"
    ? { ownProviders: configuration.ownProviders ?? [] }
    : { providers: scaledProviders(policy) }),
  log: createRequestLog(),
  keyNetworks: ["127.0.0.0/8", "::1/128"],
  journalMayVanish: true,
  terminal: false,
});
// Its own address: the public one is the same for all nodes of a deployment.
console.log(`ready ${node.adminUrl}`);

process.once("SIGTERM", () => {
  void node.close().then(() => process.exit(0));
});
