/** What a client said of something it was to do, in the words of OAuth and HTTP where its caller can read them. */
export type Told =
  | { readonly kind: "done" }
  | {
      readonly kind: "refused";
      /** The `error` of RFC 6749 §5.2. */
      readonly code: string | null;
      readonly status: number | null;
      readonly retryAfter: string | null;
      readonly message: string;
    };

/**
 * One client under test. Each operation is the client's own function for it; one that the client has not throws, and is listed as
 * missing in `clients.ts`.
 */
export interface ClientDriver {
  /** Forgets what it holds: a client as a program makes it at its start. */
  begin(): Promise<void>;
  /** Sends a person to the provider, who says yes, and redeems what comes back. */
  consent(): Promise<Told>;
  /** Gets a new access token without a person. */
  renew(): Promise<Told>;
  /** The same so many times at once; how many got a token. */
  renewAtOnce(times: number): Promise<number>;
  /** Calls the API with the access token it holds. */
  call(): Promise<Told>;
  revoke(): Promise<Told>;
  /** The work is done: a job's process ends here, and the next run begins with what was kept of this one. A server lives on. */
  endRun(): Promise<void>;
  close(): Promise<void>;
}
