import { join, resolve } from "node:path";
import type { Command } from "commander";
import { createSandbox, type Sandbox } from "../create-sandbox.ts";
import { DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, DEMO_PASSWORD } from "../demo-data.ts";
import { keptCertificates } from "../tls/kept-certificates.ts";
import { addSandboxOptions, clockMove, parsePort, type StartOptions, sandboxOptions } from "./sandbox-options.ts";
import { untilStopped } from "./stop-signals.ts";

interface Options extends StartOptions {
  readonly tlsPort?: number;
  readonly tlsFolder: string;
  readonly json?: boolean;
}

/** `sandbox start`: a sandbox until Ctrl-C. */
export function addStart(program: Command): void {
  const command = program
    .command("start", { isDefault: true })
    .description("start a sandbox and say where it is (what happens when no command is named)");
  addSandboxOptions(command, 4181)
    .option("--tls-port <port>", "listens with TLS too, also under Xero's three names; 0 picks a free port", parsePort)
    .option("--tls-folder <folder>", "where its certificates are kept; made if there are none", ".evergrant-sandbox")
    .option("--json", "say it as one line of JSON")
    .action((options: Options) => start(options));
}

async function start(options: Options): Promise<void> {
  const { tlsPort, tlsFolder, json = false, ...given } = options;
  const stopped = untilStopped();
  const tls = tlsPort === undefined ? {} : { tls: { ...keptCertificates(tlsFolder), port: tlsPort } };
  await using sandbox = await createSandbox({ ...sandboxOptions(given), ...tls });
  if (given.clock !== undefined) await sandbox.control.advance(clockMove(given.clock));
  const authority = tlsPort === undefined ? null : resolve(join(tlsFolder, "ca.pem"));
  const text = json ? JSON.stringify(factsOf(sandbox, authority)) : sentencesOf(sandbox, authority);
  process.stdout.write(`${text}\n`);
  await stopped;
}

const factsOf = ({ urls, tlsPort }: Sandbox, authority: string | null) => ({
  ...urls,
  ...(tlsPort === undefined ? {} : { tls: `https://localhost:${tlsPort}`, authority }),
  clientId: DEMO_CLIENT_ID,
  clientSecret: DEMO_CLIENT_SECRET,
});

function sentencesOf({ urls, tlsPort, control }: Sandbox, authority: string | null): string {
  const { redirectUris } = demoApp(control);
  return [
    `The sandbox is at ${urls.identity} (identity server, login pages and API); its time is ${control.clock().now}.`,
    ...(tlsPort === undefined ? [] : [`With TLS at https://localhost:${tlsPort}; its authority is ${authority}`]),
    `  Page         ${urls.page} (token families, time, faults, requests)`,
    `  Portal       ${urls.control}/portal (apps, Custom Connections, mails), ${urls.login}/connected-apps`,
    `  Control API  ${urls.control}`,
    `  Client id    ${DEMO_CLIENT_ID}`,
    `  Secret       ${DEMO_CLIENT_SECRET}`,
    `  Redirect to  ${redirectUris.join(", ")}`,
    `  People       jane, sam, rita, ivan @demo.example, password ${DEMO_PASSWORD}`,
    "A first token:",
    `  curl -s -u ${DEMO_CLIENT_ID}:${DEMO_CLIENT_SECRET} -d grant_type=client_credentials ${urls.identity}/connect/token`,
    "Half an hour later:",
    `  curl -s -H "Content-Type: application/json" -d '{"by":"31m"}' ${urls.control}/clock/advance`,
    "A program whose Xero hosts lead here:",
    `  npx @evergrant/sandbox exec --url ${urls.identity} -- node your-program.js`,
    "Ctrl-C ends it.",
  ].join("\n");
}

function demoApp(control: Sandbox["control"]): { readonly redirectUris: readonly string[] } {
  const app = control.apps().find(({ clientId }) => clientId === DEMO_CLIENT_ID);
  return { redirectUris: app !== undefined && "redirectUris" in app ? app.redirectUris : [] };
}
