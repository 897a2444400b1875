import { createSandbox, DEMO_PASSWORD } from "@evergrant/sandbox";
import { FormBrowser, type FormPage } from "../kit/form-browser.ts";
import type { RegisteredClient, ServerUnderTest, Visited } from "./server-under-test.ts";

/** The sandbox under its dialect `strict`. */
export async function startSandboxServer(redirectUri: string): Promise<ServerUnderTest> {
  const sandbox = await createSandbox({ dialect: "strict" });
  const register = (name: string, kind: "web" | "pkce"): RegisteredClient => {
    const redirectUris = [redirectUri];
    const facts = { name, kind, redirectUris, tier: "enterprise", certified: true } as const;
    const created = sandbox.control.createApp({ ...facts, redirectUris });
    return { id: created.clientId, secret: created.clientSecret };
  };
  const { identity, login } = sandbox.urls;
  return {
    name: "sandbox",
    issuer: identity,
    endpoints: {
      authorization: `${login}/identity/connect/authorize`,
      token: `${identity}/connect/token`,
      revocation: `${identity}/connect/revocation`,
      userinfo: `${identity}/connect/userinfo`,
    },
    clients: {
      web: register("Web", "web"),
      other: register("Other", "web"),
      posting: register("Posting", "web"),
      native: register("Native", "pkce"),
    },
    redirectUri,
    visit: (url, decision) => visit(url, decision, redirectUri),
    close: () => sandbox.close(),
  };
}

async function visit(url: string, decision: "allow" | "decline", redirectUri: string): Promise<Visited> {
  const browser = new FormBrowser();
  let page = await browser.open(url);
  if (has(page, "Log in"))
    page = await browser.press(page, "Log in", { email: "jane@demo.example", password: DEMO_PASSWORD });
  if (has(page, "Cancel")) page = await decide(browser, page, decision);
  return visitedAt(page, redirectUri);
}

async function decide(browser: FormBrowser, page: FormPage, decision: "allow" | "decline"): Promise<FormPage> {
  if (decision === "decline") return await browser.press(page, "Cancel");
  if (has(page, "Continue with")) return await browser.press(page, "Continue with");
  const { name, value } = page.choice("Demo Company (NZ)");
  return await browser.press(page, "Allow access", { [name]: value });
}

const has = (page: FormPage, button: string): boolean =>
  page.forms().some((form) => form.buttons.some(({ text }) => text.includes(button)));

/** Whether a page lies at the client's redirect URI, or at the server. */
export function visitedAt({ url, status }: FormPage, redirectUri: string): Visited {
  // An answer to a request for the implicit flow comes as a fragment.
  const sent = url.startsWith(`${redirectUri}?`) || url.startsWith(`${redirectUri}#`);
  return sent
    ? { kind: "callback", params: new URLSearchParams(url.slice(redirectUri.length + 1)) }
    : { kind: "page", status };
}
