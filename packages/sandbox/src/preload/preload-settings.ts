/** The variable in which a Node program finds its settings. */
export const PRELOAD_VARIABLE = "EVERGRANT_SANDBOX_EXEC";

/** What `sandbox exec` tells the Node programs that it starts, as JSON in their environment. */
export interface PreloadSettings {
  /** Where Xero's hosts lead, on 127.0.0.1: the port for TLS and the one for plain HTTP. */
  readonly tlsPort: number;
  readonly httpPort: number;
  /** Lets connections to other machines through. */
  readonly allowOthers: boolean;
  /** The port on 127.0.0.1 where clock steps are told, and the word to say there. */
  readonly clockPort: number;
  readonly clockWord: string;
  /** How far the sandbox's clock is ahead, as libfaketime reads it: `+SECONDS`. */
  readonly offsetFile: string;
}

/** The settings of this process; null outside of `sandbox exec`. */
export function preloadSettings(environment: Readonly<Record<string, string | undefined>>): PreloadSettings | null {
  const given = environment[PRELOAD_VARIABLE];
  return given === undefined || given === "" ? null : (JSON.parse(given) as PreloadSettings);
}
