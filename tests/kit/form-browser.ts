/** A browser that knows forms, redirects and cookies, and nothing else: for consents where no real one is needed. */
export class FormBrowser {
  readonly #cookies = new Map<string, Map<string, string>>();
  readonly #fetch: typeof fetch;

  /** `fetch_`: for hosts that are not where their names say. */
  constructor(fetch_: typeof fetch = fetch) {
    this.#fetch = fetch_;
  }

  /** Opens an address and follows redirects; the page it ends on. */
  async open(url: string): Promise<FormPage> {
    return await this.#go(url, null);
  }

  /** Fills in the form that holds a button of this text, and presses it. */
  async press(page: FormPage, button: string, fields: Readonly<Record<string, string>> = {}): Promise<FormPage> {
    const form = page.forms().find((candidate) => candidate.buttons.some(({ text }) => text.includes(button)));
    if (form === undefined)
      throw new Error(`no form with a button "${button}" on ${page.url}: ${page.text().slice(0, 600)}`);
    const pressed = form.buttons.find(({ text }) => text.includes(button));
    const named = pressed === undefined || pressed.name === "" ? {} : { [pressed.name]: pressed.value };
    const body = new URLSearchParams({ ...form.hidden, ...fields, ...named });
    return await this.#go(new URL(form.action === "" ? page.url : form.action, page.url).href, {
      body,
      origin: new URL(page.url).origin,
    });
  }

  async #go(url: string, post: { body: URLSearchParams; origin: string } | null): Promise<FormPage> {
    let next = { url, post };
    for (let hops = 0; hops < 12; hops += 1) {
      const response = await this.#request(next.url, next.post);
      const location = response.headers.get("location");
      if (location === null) return new FormPage(next.url, response.status, await response.text(), response.headers);
      await response.arrayBuffer();
      next = { url: new URL(location, next.url).href, post: null };
    }
    throw new Error(`too many redirects from ${url}`);
  }

  async #request(url: string, post: { body: URLSearchParams; origin: string } | null): Promise<Response> {
    const { origin } = new URL(url);
    const jar = this.#cookies.get(origin) ?? new Map<string, string>();
    this.#cookies.set(origin, jar);
    const headers: Record<string, string> = {
      accept: "text/html",
      cookie: [...jar].map(([name, value]) => `${name}=${value}`).join("; "),
    };
    if (post !== null)
      Object.assign(headers, {
        origin: post.origin,
        "sec-fetch-site": post.origin === origin ? "same-origin" : "cross-site",
      });
    const response = await this.#fetch(url, {
      redirect: "manual",
      headers,
      ...(post === null ? {} : { method: "POST", body: post.body }),
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (value === "") jar.delete(name);
      else jar.set(name, value);
    }
    return response;
  }
}

interface Form {
  readonly action: string;
  readonly hidden: Readonly<Record<string, string>>;
  readonly buttons: readonly { readonly text: string; readonly name: string; readonly value: string }[];
}

export class FormPage {
  readonly url: string;
  readonly status: number;
  readonly html: string;
  readonly headers: Headers;

  constructor(url: string, status: number, html: string, headers: Headers) {
    this.url = url;
    this.status = status;
    this.html = html;
    this.headers = headers;
  }

  /** What a reader sees, without the markup. */
  text(): string {
    return plain(this.html.replaceAll(/<(style|script|head)[\s\S]*?<\/\1>/g, " "));
  }

  forms(): readonly Form[] {
    return [...this.html.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/g)].map(([, head = "", body = ""]) => ({
      action: attribute(head, "action"),
      hidden: Object.fromEntries(
        [...body.matchAll(/<input\b([^>]*type="hidden"[^>]*)>/g)].map(([, input = ""]) => [
          attribute(input, "name"),
          attribute(input, "value"),
        ]),
      ),
      buttons: [...body.matchAll(/<button\b([^>]*)>([\s\S]*?)<\/button>/g)].map(([, button = "", text = ""]) => ({
        text: plain(text),
        name: attribute(button, "name"),
        value: attribute(button, "value"),
      })),
    }));
  }

  /** The value of the choice (radio button or checkbox) whose label holds this text. */
  choice(label: string): { name: string; value: string } {
    for (const [, input = ""] of this.html.matchAll(/<input\b([^>]*type="(?:radio|checkbox)"[^>]*)>/g)) {
      const id = attribute(input, "id");
      const [, text = ""] = new RegExp(`<label\\b[^>]*for="${id}"[^>]*>([\\s\\S]*?)</label>`).exec(this.html) ?? [];
      if (plain(text).includes(label)) return { name: attribute(input, "name"), value: attribute(input, "value") };
    }
    throw new Error(`no choice "${label}" on ${this.url}: ${this.text().slice(0, 600)}`);
  }
}

function attribute(tag: string, name: string): string {
  return unescapeHtml(new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1] ?? "");
}

function plain(html: string): string {
  return unescapeHtml(html.replaceAll(/<[^>]*>/g, " ").replaceAll(/\s+/g, " ")).trim();
}

function unescapeHtml(text: string): string {
  const named: Readonly<Record<string, string>> = {
    "&lt;": "<",
    "&gt;": ">",
    "&quot;": '"',
    "&#39;": "'",
    "&#x27;": "'",
    "&amp;": "&",
  };
  return text.replaceAll(/&(?:lt|gt|quot|#39|#x27|amp);/g, (entity) => named[entity] ?? entity);
}
