/** A case in which the two servers answer differently. */
export interface Difference {
  readonly name: string;
  readonly sandbox: string;
  readonly oidcProvider: string;
  /** Who does not keep the rule of the case. */
  readonly unkeptBy?: readonly ("sandbox" | "oidc-provider")[];
  readonly why: string;
}

/** All differences, each looked at. Both answers keep the rule unless `unkeptBy` says otherwise. */
export const DIFFERENCES: readonly Difference[] = [
  {
    name: "credentials in the address are not looked at",
    sandbox: "401 invalid_client",
    oidcProvider: "400 invalid_request",
    why: "To the sandbox a request without credentials is one of a client that is not authenticated; the other server finds that no client id was sent.",
  },
  {
    name: "two ways to authenticate at once",
    sandbox: "400 invalid_grant",
    oidcProvider: "400 invalid_request",
    why: "The sandbox takes the header and does not look at the body, as Xero's own collection needs it; the refusal here is that of the made-up token.",
  },
  {
    name: "a refresh that asks for more scope gets no more",
    sandbox: "200 tokens",
    oidcProvider: "400 invalid_scope",
    why: "Xero's refresh neither adds nor narrows scopes: the parameter is not looked at, and the answer says which scopes there are.",
  },
  {
    name: "an unknown scope",
    sandbox: "invalid_scope",
    oidcProvider: "a code",
    why: "Xero refuses the whole request; the other server leaves the scopes out that it does not know and grants the rest.",
  },
  {
    name: "a repeated parameter",
    sandbox: "a page",
    oidcProvider: "invalid_request",
    why: "A request that says a thing twice has no one client and address, so the sandbox tells the person alone; the other server redirects where only other parameters are repeated.",
  },
  {
    name: "revoking an access token",
    sandbox: "200, then 401 and 200 tokens",
    oidcProvider: "200, then 401 and 400 invalid_grant",
    why: "Xero ends that token alone (switch revocation.access_token); the other server takes the refresh token of the grant along, which RFC 7009 leaves open.",
  },
  {
    name: "nobody revokes another client's token",
    sandbox: "200, then 200 tokens",
    oidcProvider: "400 invalid_request, then 200 tokens",
    why: "The sandbox does not tell a client whether a token of somebody else exists; the other server says that it does. The token lives on at both.",
  },
  {
    name: "the page where a person logs in is not for frames, nor for caches",
    sandbox: "no frames, no-store",
    oidcProvider: "frames, no-store",
    unkeptBy: ["oidc-provider"],
    why: "Its pages are those for development, which its documentation says to replace; who runs it brings pages and headers of their own.",
  },
];
