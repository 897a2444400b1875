import type { Sandbox } from "@evergrant/sandbox";
import type { FormBrowser, FormPage } from "../kit/form-browser.ts";
import type { ServerName } from "./clients.ts";

/** What a client has to be told about a server. Goes to its process as JSON. */
export interface ClientSetup {
  readonly issuer: string;
  readonly endpoints: { readonly authorization: string; readonly token: string; readonly revocation: string };
  readonly clientId: string;
  readonly clientSecret: string;
  readonly redirectUri: string;
  readonly scope: string;
  /** What an access token opens. */
  readonly resource: string;
}

/** An authorization server of the matrix, with what a test does to it. One client at a time uses it. */
export interface MatrixServer {
  readonly name: ServerName;
  readonly setup: ClientSetup;
  /** The sandbox itself; beside another server one that lends it its clock. */
  readonly sandbox: Sandbox;
  /** What the process of a client needs to live on this server's clock and, at the sandbox, to find Xero's hosts here. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** From now on another person, with an organisation of their own, is at the browser, and nothing goes wrong. */
  nextPerson(): void;
  browser(): FormBrowser;
  /** The person logs in and says yes; the page this ends on. */
  saysYes(browser: FormBrowser, page: FormPage): Promise<FormPage>;
  allowRedirectTo(redirectUri: string): Promise<void>;
  /** The next token request is carried out and its answer lost. */
  loseNextAnswer(): void;
  /** The next request to the token endpoint, or to `setup.resource`, is answered with 429 and `Retry-After`. */
  limitNextRequest(to: "token" | "resource", retryAfterSeconds: number): void;
  /** How many requests went so. */
  disturbed(): number;
  /** Replaces the client's secret by another one, or puts the right one back. */
  setSecret(which: "right" | "another"): Promise<void>;
  advance(by: string): Promise<void>;
  /** How far the clock is ahead of the machine's. */
  movedByMs(): number;
  /** Whether a refresh token of this person would be accepted. */
  grantLives(): Promise<boolean>;
  /** How many refresh tokens of this person were spent, each counted once. */
  refreshes(): number;
  close(): Promise<void>;
}
