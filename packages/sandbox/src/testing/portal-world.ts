import { Developer } from "../../../../tests/kit/custom-connection-people.ts";
import { createSandbox, type Sandbox, type SandboxOptions } from "../index.ts";

/** For tests: a sandbox, a developer in its portal, and (by default) no mail server. */
export async function aPortalWorld(options: SandboxOptions = {}) {
  const sandbox = await createSandbox(options);
  const developer = new Developer(sandbox.urls.control);
  return { sandbox, developer, [Symbol.asyncDispose]: () => sandbox.close() };
}

/** For tests: a plain client-credentials request. */
export const asksToken = async (
  sandbox: Sandbox,
  client: { id: string; secret: string },
  more: Record<string, string> = {},
) => {
  const answer = await fetch(`${sandbox.urls.identity}/connect/token`, {
    method: "POST",
    headers: { authorization: `Basic ${Buffer.from(`${client.id}:${client.secret}`).toString("base64")}` },
    body: new URLSearchParams({ grant_type: "client_credentials", ...more }),
  });
  return {
    status: answer.status,
    body: (await answer.json()) as { access_token?: string; error?: string; scope?: string },
  };
};

/** For tests: what a token reaches: status, and the names of the organisations. */
export const organisationsOf = async (sandbox: Sandbox, token: string | undefined, tenant?: string) => {
  const headers = {
    authorization: `Bearer ${token}`,
    accept: "application/json",
    ...(tenant === undefined ? {} : { "xero-tenant-id": tenant }),
  };
  const answer = await fetch(`${sandbox.urls.api}/api.xro/2.0/Organisation`, { headers });
  const body = (await answer.json()) as { Organisations?: { Name: string }[] };
  return [answer.status, body.Organisations?.map(({ Name }) => Name)];
};

/** For tests: the newest mail of the outbox. */
export const lastMail = (sandbox: Sandbox) => {
  const mail = sandbox.control.mails().at(-1);
  if (mail === undefined) throw new Error("no mail");
  return mail;
};
