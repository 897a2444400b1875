import { FormBrowser, type FormPage } from "./form-browser.ts";
import type { World } from "./world.ts";

/** A consent that was begun: where the provider is, and the browser that has to bring the answer. */
export interface BegunConsent {
  readonly authorizeUrl: string;
  readonly cookie: string;
  readonly state: string;
}

/** Presses the button behind a consent link, as a browser on our own page would, and stops there. */
export async function beginConsent(
  link: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<BegunConsent> {
  const answer = await fetch(link, {
    method: "POST",
    redirect: "manual",
    headers: { "sec-fetch-site": "same-origin", origin: new URL(link).origin, ...headers },
    body: new URLSearchParams(),
  });
  const authorizeUrl = answer.headers.get("location");
  if (authorizeUrl === null) throw new Error(`not begun: ${answer.status} ${await answer.text()}`);
  const cookie = answer.headers.getSetCookie()[0]?.split(";", 1)[0] ?? headers["cookie"] ?? "";
  return { authorizeUrl, cookie, state: new URL(authorizeUrl).searchParams.get("state") ?? "" };
}

/** Somebody says yes at the provider, in a browser that Evergrant does not know; the page that their browser ends on. */
export async function saysYes(authorizeUrl: string, email: string, organisation: string): Promise<FormPage> {
  const browser = new FormBrowser();
  const login = await browser.open(authorizeUrl);
  const page = await browser.press(login, "Log in", { email, password: "sandbox" });
  try {
    const { name, value } = page.choice(organisation);
    return await browser.press(page, "Allow access", { [name]: value });
  } catch (error) {
    // Connected already: there is nothing to choose, only to go on with.
    if (page.text().includes("Continue with")) return await browser.press(page, "Continue with");
    throw error;
  }
}

/** Brings an address to Evergrant with a browser's cookie; redirects are told, not followed. */
export async function bring(address: string, cookie = ""): Promise<{ status: number; location: string; text: string }> {
  const answer = await fetch(address, { redirect: "manual", headers: { cookie } });
  return { status: answer.status, location: answer.headers.get("location") ?? "", text: await answer.text() };
}

/** A consent from button to result in one browser; the page that says what came of it. */
export async function consentsBy(link: string, email: string, organisation: string): Promise<string> {
  const begun = await beginConsent(link);
  const { url } = await saysYes(begun.authorizeUrl, email, organisation);
  const received = await bring(url, begun.cookie);
  if (received.location === "") throw new Error(`not received: ${received.status} ${received.text}`);
  return (await bring(new URL(received.location, link).href, begun.cookie)).text;
}

/** How many codes Evergrant sent to the provider. */
export function codesSent(world: World): number {
  const requests = world.sandbox.control.requests();
  return requests.filter(({ endpoint, grantType }) => endpoint === "token" && grantType === "authorization_code")
    .length;
}

/** How many revocations Evergrant asked the provider for. */
export function revocations(world: World): number {
  return world.sandbox.control.requests().filter(({ endpoint }) => endpoint === "revocation").length;
}
