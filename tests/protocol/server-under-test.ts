/** An OAuth client as both servers know it. */
export interface RegisteredClient {
  readonly id: string;
  /** null: a public client. */
  readonly secret: string | null;
}

/** Where a visit to the authorize endpoint ended. */
export type Visited =
  | { readonly kind: "callback"; readonly params: URLSearchParams }
  | { readonly kind: "page"; readonly status: number };

/** An authorization server seen from outside: addresses, clients, and a person who can say yes or no. */
export interface ServerUnderTest {
  readonly name: "sandbox" | "oidc-provider";
  readonly issuer: string;
  readonly endpoints: {
    readonly authorization: string;
    readonly token: string;
    readonly revocation: string;
    readonly userinfo: string;
  };
  readonly clients: {
    /** Confidential, by HTTP Basic. */
    readonly web: RegisteredClient;
    /** Another confidential one with the same redirect URI. */
    readonly other: RegisteredClient;
    /** Confidential, with its secret in the body. */
    readonly posting: RegisteredClient;
    readonly native: RegisteredClient;
  };
  readonly redirectUri: string;
  /** A person with a fresh browser opens an authorize address, logs in and decides. */
  visit(url: string, decision: "allow" | "decline"): Promise<Visited>;
  close(): Promise<void>;
}
