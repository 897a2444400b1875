import { DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, DEMO_PASSWORD, DEMO_REDIRECT_URI, type Sandbox } from "../index.ts";

export interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly id_token?: string;
  readonly expires_in: number;
  readonly scope: string;
}

/** For tests: a person with a browser that knows forms and cookies and nothing else. */
export function aPerson(email: string) {
  const jar = new Map<string, string>();
  const go = async (url: string, form?: Readonly<Record<string, string>>): Promise<Response> => {
    const headers = { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join("; ") };
    const response = await fetch(url, {
      redirect: "manual",
      headers,
      ...(form === undefined ? {} : { method: "POST", body: new URLSearchParams(form) }),
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (value === "") jar.delete(name);
      else jar.set(name, value);
    }
    return response;
  };
  const logsIn = async (page: Response, password = DEMO_PASSWORD): Promise<Response> => {
    const answer = await submit(page, "/identity/user/login", { email, password }, go);
    const onward = answer.headers.get("location");
    return onward === null ? answer : go(new URL(onward, page.url).href);
  };
  const reachesConsent = async (url: string): Promise<Response> => {
    const page = await go(url);
    return (await page.clone().text()).includes("/identity/user/login") ? logsIn(page) : page;
  };
  const decides = async (url: string, fields: Readonly<Record<string, string>>): Promise<Response> =>
    submit(await reachesConsent(url), "/identity/connect/consent", fields, go);
  const consents = async (url: string, organisation: string | null): Promise<URL> => {
    const page = await reachesConsent(url);
    const choice =
      organisation === null
        ? { decision: "continue" }
        : { decision: "allow", organisation: organisationId(await page.clone().text(), organisation) };
    const answer = await submit(page, "/identity/connect/consent", choice, go);
    const location = answer.headers.get("location");
    if (location === null) throw new Error(`no redirect: ${answer.status} ${await answer.text()}`);
    return new URL(location);
  };
  const connects = async (
    sandbox: Sandbox,
    wish: { readonly organisation: string | null; readonly scope: string },
  ): Promise<Tokens> => {
    const redirectUri = "http://localhost:4180/callback";
    const callback = await consents(authorizeUrl(sandbox, { scope: wish.scope }), wish.organisation);
    const answer = await postToken(sandbox, {
      grant_type: "authorization_code",
      code: callback.searchParams.get("code") ?? "",
      redirect_uri: redirectUri,
    });
    return (await answer.json()) as Tokens;
  };
  const connectsInBulk = async (url: string, organisations: readonly string[]): Promise<Response> => {
    const page = await reachesConsent(url);
    const text = await page.clone().text();
    const boxes = organisations.map((name) => [boxNameOf(text, name), "on"] as const);
    return submit(page, "/identity/connect/consent", { decision: "allow", ...Object.fromEntries(boxes) }, go);
  };
  return { opens: go, connectsInBulk, reachesConsent, logsIn, decides, consents, connects, jar };
}

/** For tests: where an app sends a person; the demo app if not said otherwise. */
export const authorizeUrl = (sandbox: Sandbox, change: Readonly<Record<string, string>> = {}): string =>
  `${sandbox.urls.login}/identity/connect/authorize?${new URLSearchParams({
    client_id: DEMO_CLIENT_ID,
    redirect_uri: DEMO_REDIRECT_URI,
    response_type: "code",
    scope: "openid accounting.settings offline_access",
    state: "s",
    ...change,
  })}`;

/** For tests: one request to the token endpoint as the demo app. */
export const postToken = (
  sandbox: Sandbox,
  form: Readonly<Record<string, string>>,
  client = `${DEMO_CLIENT_ID}:${DEMO_CLIENT_SECRET}`,
): Promise<Response> =>
  fetch(`${sandbox.urls.identity}/connect/token`, {
    method: "POST",
    headers: { authorization: `Basic ${Buffer.from(client).toString("base64")}` },
    body: new URLSearchParams(form),
  });

/** For tests: one refresh as the demo app. */
export const refreshWith = (sandbox: Sandbox, refresh_token: string): Promise<Response> =>
  postToken(sandbox, { grant_type: "refresh_token", refresh_token });

/** For tests: Jane connects the demo company to the demo app. */
export const connectedJane = (sandbox: Sandbox, scope = "openid accounting.settings offline_access"): Promise<Tokens> =>
  aPerson("jane@demo.example").connects(sandbox, { organisation: "Demo Company (NZ)", scope });

type Go = (url: string, form?: Readonly<Record<string, string>>) => Promise<Response>;

async function submit(
  page: Response,
  action: string,
  fields: Readonly<Record<string, string>>,
  go: Go,
): Promise<Response> {
  const text = await page.text();
  const form = text.split("<form").find((part) => part.includes(`action="${action}"`));
  if (form === undefined) throw new Error(`no form ${action} on: ${text}`);
  const hidden = [...form.matchAll(/type="hidden" name="([^"]+)" value="([^"]*)"/g)].map(
    ([, name = "", value = ""]) => [name, fromHtml(value)],
  );
  return go(new URL(action, page.url).href, { ...Object.fromEntries(hidden), ...fields });
}

function organisationId(text: string, name: string): string {
  const row = text.split('<div class="row').find((part) => part.includes(`>${name}</label>`));
  return /name="organisation" value="([^"]+)"/.exec(row ?? "")?.[1] ?? "";
}

const boxNameOf = (text: string, name: string): string =>
  /name="(organisation\.[^"]+)"/.exec(
    text.split('<div class="row').find((part) => part.includes(`>${name}</label>`)) ?? "",
  )?.[1] ?? "none";

const fromHtml = (text: string): string =>
  text
    .replaceAll("&amp;", "&")
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">");
