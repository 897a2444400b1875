import type { SignedInPerson } from "@evergrant/keeper";

/** Somewhere else where operators show who they are: an OpenID provider. */
export interface SignIn {
  /** As its tokens say it. */
  readonly issuer: string;
  /** @throws sign_in_unavailable */
  begin(redirectUri: string): Promise<BegunSignIn>;
  /**
   * Who came back. `callback` is the whole address that the browser was sent to.
   * @throws sign_in_invalid where the answer is not one to what was begun · sign_in_unavailable
   */
  finish(callback: URL, pending: PendingSignIn): Promise<SignedInPerson>;
}

export interface BegunSignIn {
  readonly authorizeUrl: string;
  readonly pending: PendingSignIn;
}

/** What binds an answer to the browser that asked: held by that browser until it comes back (RFC 6749 §10.12, RFC 7636, OpenID Connect Core §15.5.2). */
export interface PendingSignIn {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
}
