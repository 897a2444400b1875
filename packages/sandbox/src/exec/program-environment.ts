import { pathToFileURL } from "node:url";
import { DEMO_CLIENT_ID, DEMO_CLIENT_SECRET } from "../demo-data.ts";
import type { PreloadSettings } from "../preload/preload-settings.ts";
import { PRELOAD_VARIABLE } from "../preload/preload-settings.ts";

/** The variables of a program's environment. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface ProgramAddresses {
  /** The sandbox's own origin, `http://localhost:PORT`. */
  readonly origin: string;
  readonly proxyPort: number;
  /** A file with the sandbox's authority among those that the machine trusts anyway. */
  readonly bundleFile: string;
  /** The same without the machine's own, for those who add it to theirs. */
  readonly authorityFile: string;
  /** The module that Node programs load first. */
  readonly preloadFile: string;
  readonly preload: PreloadSettings;
  /** libfaketime, and the file in which it reads how far the clock is ahead; null: not found. */
  readonly faketime: { readonly library: string; readonly offsetFile: string } | null;
}

/** What a program is given besides its own environment, so that its Xero hosts lead to a sandbox. */
export function programEnvironment(own: Environment, addresses: ProgramAddresses): Environment {
  const { origin, proxyPort, bundleFile, authorityFile, preloadFile, preload, faketime } = addresses;
  const proxy = `http://127.0.0.1:${proxyPort}`;
  const nodeOptions = [own["NODE_OPTIONS"], `--import=${pathToFileURL(preloadFile).href}`];
  return {
    ...own,
    ...Object.fromEntries(PROXY_VARIABLES.map((name) => [name, proxy])),
    ...Object.fromEntries(DIRECT_VARIABLES.map((name) => [name, "localhost,127.0.0.1,::1"])),
    ...Object.fromEntries(BUNDLE_VARIABLES.map((name) => [name, bundleFile])),
    NODE_EXTRA_CA_CERTS: authorityFile,
    NODE_OPTIONS: nodeOptions.filter((option) => option !== undefined && option !== "").join(" "),
    [PRELOAD_VARIABLE]: JSON.stringify(preload),
    EVERGRANT_SANDBOX_URL: origin,
    EVERGRANT_SANDBOX_CONTROL: `${origin}/__sandbox`,
    EVERGRANT_SANDBOX_CLIENT_ID: DEMO_CLIENT_ID,
    EVERGRANT_SANDBOX_CLIENT_SECRET: DEMO_CLIENT_SECRET,
    ...(faketime === null ? {} : faketimeVariables(own, faketime)),
  };
}

// Both spellings: curl knows http_proxy in small letters alone, others only the capitals.
const PROXY_VARIABLES = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"];
const DIRECT_VARIABLES = ["NO_PROXY", "no_proxy"];
// OpenSSL (Ruby, Go, .NET, Python's ssl), Python's requests, curl, Deno.
const BUNDLE_VARIABLES = ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "DENO_CERT"];

function faketimeVariables(own: Environment, { library, offsetFile }: NonNullable<ProgramAddresses["faketime"]>) {
  return {
    LD_PRELOAD: [own["LD_PRELOAD"], library].filter((path) => path !== undefined && path !== "").join(":"),
    FAKETIME_TIMESTAMP_FILE: offsetFile,
    // The clock may be moved while the program runs; a cached offset would lag behind.
    FAKETIME_NO_CACHE: "1",
    // Waiting stays real: a jump of the monotonic clock would end every wait at once.
    FAKETIME_DONT_FAKE_MONOTONIC: "1",
  };
}
