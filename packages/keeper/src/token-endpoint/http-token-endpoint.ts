import type { Ending, Limits } from "@evergrant/core";
import { Agent } from "undici";
import type { Time } from "../ports/time.ts";
import type { TokenEndpoint, TokenGrant, TokenRequest } from "../ports/token-endpoint.ts";
import { clientCredentials } from "./client-authentication.ts";
import { exchangeForm, type Wire } from "./form-exchange.ts";

export interface HttpTokenEndpointOptions {
  /** Real time, also where the keeper's own is moved: sockets do not follow a moved clock. */
  readonly time: Time;
  readonly limits: Pick<Limits, "requestTimeoutMs">;
  /** PEM; replaces the certificate authorities that Node trusts. */
  readonly ca?: string;
}

/** Connections to one origin at once; a request beyond them waits and has then not been sent. */
const CONNECTIONS_PER_ORIGIN = 64;

/** Speaks to token endpoints over HTTP/1.1 with connections of its own. `close` cuts what is still on its way. */
export function httpTokenEndpoint(options: HttpTokenEndpointOptions): TokenEndpoint & { close(): Promise<void> } {
  const connectTimeoutMs = Math.ceil(options.limits.requestTimeoutMs / 3);
  const agent = new Agent({
    connections: CONNECTIONS_PER_ORIGIN,
    pipelining: 1,
    // One exchange per connection: its phases are then those of the socket.
    allowH2: false,
    // The exchange's own timer ends it, whatever phase it is in.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: connectTimeoutMs, ...(options.ca === undefined ? {} : { ca: options.ca }) },
  });
  const wire: Wire = { dispatcher: agent, time: options.time };
  return {
    send: (request, sent) => post(wire, { request, parameters: grantParameters(request.grant) }, sent),
    revoke: async ({ token, ...request }) => {
      const parameters = { token: token.reveal(), token_type_hint: "refresh_token" };
      const ending = await post(wire, { request, parameters }, () => {});
      return ending.kind === "answered" && ending.status >= 200 && ending.status < 300 ? "done" : "failed";
    },
    close: () => agent.destroy(),
  };
}

async function post(
  wire: Wire,
  work: { readonly request: Omit<TokenRequest, "grant">; readonly parameters: Readonly<Record<string, string>> },
  sent: () => void,
): Promise<Ending> {
  const { request } = work;
  const url = URL.canParse(request.url) ? new URL(request.url) : null;
  if (url === null || !isSafeForSecrets(url)) {
    const reason = "the endpoint is neither https nor http on loopback";
    return { kind: "broken", bytesSent: false, reason };
  }
  const { headers, parameters } = clientCredentials(request);
  const form = { ...work.parameters, ...parameters };
  return exchangeForm(wire, { url, headers, parameters: form, timeoutMs: request.timeoutMs }, sent);
}

/** RFC 6749 §4.1.3 with RFC 7636 §4.5, §4.4.2, §6. */
function grantParameters(grant: TokenGrant): Readonly<Record<string, string>> {
  switch (grant.kind) {
    case "refresh_token": {
      const more = grant.redirectUri === undefined ? {} : { redirect_uri: grant.redirectUri };
      return { grant_type: "refresh_token", refresh_token: grant.refreshToken.reveal(), ...more };
    }
    case "authorization_code":
      return {
        grant_type: "authorization_code",
        code: grant.code.reveal(),
        redirect_uri: grant.redirectUri,
        code_verifier: grant.codeVerifier.reveal(),
      };
    case "client_credentials":
      return { grant_type: "client_credentials", ...(grant.scope === null ? {} : { scope: grant.scope }) };
  }
}

// Whoever stored the address has checked it; a client secret in clear text is still worth a second look.
function isSafeForSecrets(url: URL): boolean {
  const loopback = ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
  return url.protocol === "https:" || (url.protocol === "http:" && loopback);
}
