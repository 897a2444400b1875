import { EvergrantError, type Secret } from "@evergrant/core";
import type { SignedInPerson } from "@evergrant/keeper";
import * as client from "openid-client";
import { isLoopback } from "../http/public-url.ts";
import type { ServerTime } from "../ports.ts";
import type { BegunSignIn, PendingSignIn, SignIn } from "./sign-in.ts";

const ANSWER_TIMEOUT_S = 10;
/** What an issuer says of itself is asked for anew after this. */
const METADATA_FRESH_MS = 600_000;

export interface OpenIdOptions {
  /** An https URL, or http on loopback. */
  readonly issuer: string;
  readonly clientId: string;
  /** Null: a public client, by PKCE alone. */
  readonly clientSecret: Secret | null;
}

/**
 * Sign-in by OpenID Connect: authorization code with PKCE, state and nonce; `iss` of the answer where the issuer sends it (RFC 9207);
 * the ID token's signature, issuer, audience and times by the library.
 * @throws sign_in_misconfigured for an issuer that is no URL, or one whose answers anybody on the way could change
 */
export function openIdSignIn(options: OpenIdOptions, time: ServerTime): SignIn {
  const url = URL.canParse(options.issuer) ? new URL(options.issuer) : null;
  const plain = url?.protocol === "http:" && isLoopback(url.hostname);
  if (url === null || (url.protocol !== "https:" && !plain))
    throw new EvergrantError("sign_in_misconfigured", { detail: "the issuer must be an https URL" });
  return new OpenIdSignIn({ ...options, url, plain }, time);
}

type Checked = OpenIdOptions & { readonly url: URL; readonly plain: boolean };

class OpenIdSignIn implements SignIn {
  readonly issuer: string;
  readonly #options: Checked;
  readonly #time: ServerTime;
  #known: { readonly configuration: client.Configuration; readonly untilMs: number } | null = null;

  constructor(options: Checked, time: ServerTime) {
    this.issuer = options.issuer;
    this.#options = options;
    this.#time = time;
  }

  async begin(redirectUri: string): Promise<BegunSignIn> {
    const configuration = await this.#configuration();
    const pending = {
      state: client.randomState(),
      nonce: client.randomNonce(),
      codeVerifier: client.randomPKCECodeVerifier(),
    };
    const authorizeUrl = client.buildAuthorizationUrl(configuration, {
      ...{ redirect_uri: redirectUri, scope: "openid email", state: pending.state, nonce: pending.nonce },
      code_challenge: await client.calculatePKCECodeChallenge(pending.codeVerifier),
      code_challenge_method: "S256",
    });
    return { authorizeUrl: authorizeUrl.href, pending };
  }

  async finish(callback: URL, { state, nonce, codeVerifier }: PendingSignIn): Promise<SignedInPerson> {
    const configuration = await this.#configuration();
    try {
      const tokens = await client.authorizationCodeGrant(configuration, callback, {
        ...{ expectedState: state, expectedNonce: nonce, pkceCodeVerifier: codeVerifier, idTokenExpected: true },
      });
      const claims = tokens.claims();
      if (claims === undefined) throw new EvergrantError("sign_in_invalid");
      const { iss: issuer, sub: subject } = claims;
      const about =
        claims["email"] === undefined ? await personAt(configuration, tokens.access_token, subject) : claims;
      return { issuer, subject, verifiedEmail: verifiedEmail(about) };
    } catch (error) {
      throw refusalOf(error);
    }
  }

  async #configuration(): Promise<client.Configuration> {
    const nowMs = this.#time.monotonicMs();
    if (this.#known !== null && nowMs < this.#known.untilMs) return this.#known.configuration;
    const configuration = await this.#discover();
    this.#known = { configuration, untilMs: nowMs + METADATA_FRESH_MS };
    return configuration;
  }

  async #discover(): Promise<client.Configuration> {
    const { url, plain, clientId, clientSecret } = this.#options;
    const execute = plain ? [client.allowInsecureRequests] : [];
    const asked = { execute, timeout: ANSWER_TIMEOUT_S };
    const found = await client.discovery(url, clientId, {}, client.None(), asked).catch((error: unknown) => {
      throw new EvergrantError("sign_in_unavailable", { cause: error });
    });
    const metadata = found.serverMetadata();
    const authentication = authenticationBy(metadata, clientSecret);
    const configuration = new client.Configuration(metadata, clientId, {}, authentication);
    configuration.timeout = ANSWER_TIMEOUT_S;
    client.enableNonRepudiationChecks(configuration);
    if (plain) client.allowInsecureRequests(configuration);
    return configuration;
  }
}

// OpenID Connect Discovery §3: what an issuer does not say is client_secret_basic.
function authenticationBy(metadata: client.ServerMetadata, secret: Secret | null): client.ClientAuth {
  if (secret === null) return client.None();
  const methods = metadata.token_endpoint_auth_methods_supported ?? ["client_secret_basic"];
  const byPost = !methods.includes("client_secret_basic") && methods.includes("client_secret_post");
  return byPost ? client.ClientSecretPost(secret.reveal()) : client.ClientSecretBasic(secret.reveal());
}

type Claims = Readonly<Record<string, unknown>>;

// Many issuers tell an address at their userinfo endpoint alone. Not asked at all by one that has none.
async function personAt(configuration: client.Configuration, accessToken: string, subject: string): Promise<Claims> {
  if (configuration.serverMetadata().userinfo_endpoint === undefined) return {};
  return await client.fetchUserInfo(configuration, accessToken, subject);
}

function verifiedEmail({ email, email_verified: verified }: Claims): string | null {
  return typeof email === "string" && verified === true ? email : null;
}

// What the library refuses is an answer that does not fit; a request that got none, or a server's own error, may go better later.
function refusalOf(error: unknown): EvergrantError {
  if (error instanceof EvergrantError) return error;
  const away =
    error instanceof TypeError && error.cause !== undefined && !("code" in error)
      ? true
      : error instanceof Error && ["TimeoutError", "AbortError"].includes(error.name);
  const status = error instanceof client.ResponseBodyError ? error.status : 0;
  return new EvergrantError(away || status >= 500 ? "sign_in_unavailable" : "sign_in_invalid", { cause: error });
}
