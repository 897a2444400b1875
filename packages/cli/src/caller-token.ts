import { NAME_PATTERN, type TokenAnswer, tokenAnswerSchema, tokenErrorSchema } from "@evergrant/contract";
import { EvergrantError, Secret } from "@evergrant/core";
import { ForeignRefusal, UsageError } from "./command-failure.ts";
import { isLoopbackUrl } from "./loopback.ts";
import type { Session } from "./session.ts";

/** A server's credentials, as an OAuth client of Evergrant. */
export interface CallerCredentials {
  readonly clientId: string;
  readonly clientSecret: Secret;
}

/** From `--client-id` with EVERGRANT_CLIENT_SECRET or standard input; else those of the demo in the folder. */
export async function findCredentials(
  session: Session,
  given: { readonly clientId?: string },
): Promise<CallerCredentials> {
  const { demo, world } = session;
  if (given.clientId === undefined) {
    if (demo !== null) return { clientId: demo.clientId, clientSecret: new Secret(demo.clientSecret) };
    throw new UsageError(
      "Name the caller with --client-id, and its secret in EVERGRANT_CLIENT_SECRET or over standard input.",
    );
  }
  const named = world.env["EVERGRANT_CLIENT_SECRET"];
  const secret =
    named ??
    (world.terminal.interactive ? await world.terminal.askSecret("Client secret") : await world.terminal.readInput());
  const clientSecret = secret?.trim() ?? "";
  if (clientSecret === "")
    throw new UsageError("The client secret is missing: set EVERGRANT_CLIENT_SECRET, or give it over standard input.");
  return { clientId: given.clientId, clientSecret: new Secret(clientSecret) };
}

const ANSWER_TIMEOUT_MS = 30_000;

/**
 * A client-credentials grant (RFC 6749 §4.4) at a connection's own token endpoint.
 * @throws ForeignRefusal with the endpoint's code · EvergrantError `node_unreachable`
 */
export async function askForToken(
  url: string,
  connection: string,
  credentials: CallerCredentials,
): Promise<TokenAnswer> {
  if (!NAME_PATTERN.test(connection)) throw new UsageError(`There can be no connection of the name ${connection}.`);
  if (!URL.canParse(url)) throw new UsageError(`--url is not a URL: ${url}`);
  if (new URL(url).protocol !== "https:" && !isLoopbackUrl(url)) throw new EvergrantError("plain_http_refused");
  const { status, body } = await post(`${url}/connections/${connection}/oauth2/token`, credentials);
  const answer = tokenAnswerSchema.safeParse(body);
  if (status === 200 && answer.success) return answer.data;
  const refusal = tokenErrorSchema.safeParse(body);
  if (!refusal.success)
    throw new EvergrantError("node_unreachable", { detail: `what answers at ${url} is not Evergrant` });
  const { code, error_description: description, consent_url: link } = refusal.data;
  throw new ForeignRefusal(code, status, link === undefined ? description : `${description} The link: ${link}`);
}

async function post(endpoint: string, credentials: CallerCredentials): Promise<{ status: number; body: unknown }> {
  try {
    const response = await fetch(endpoint, {
      method: "POST",
      redirect: "error",
      headers: { authorization: basicOf(credentials), accept: "application/json" },
      body: new URLSearchParams({ grant_type: "client_credentials" }),
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    });
    return { status: response.status, body: await response.json().catch(() => null) };
  } catch (error) {
    throw new EvergrantError("node_unreachable", { detail: new URL(endpoint).origin, cause: error });
  }
}

// RFC 6749 §2.3.1: both parts are form-encoded before they are joined.
function basicOf({ clientId, clientSecret }: CallerCredentials): string {
  const encoded = [clientId, clientSecret.reveal()].map((part) =>
    new URLSearchParams([["", part]]).toString().slice(1),
  );
  return `Basic ${Buffer.from(encoded.join(":")).toString("base64")}`;
}
