import { FormBrowser, type FormPage } from "./form-browser.ts";

/** Somebody who makes Custom Connections in the sandbox's portal. */
export class Developer {
  readonly portal: string;
  readonly browser = new FormBrowser();

  constructor(controlUrl: string) {
    this.portal = `${controlUrl}/portal`;
  }

  /** Fills in the form for a new Custom Connection; the page of the app, or the form again with what is wrong. */
  async creates(fields: Readonly<Record<string, string>> = {}): Promise<FormPage> {
    return await this.browser.press(await this.browser.open(`${this.portal}/new`), "Save and connect", {
      name: "Nightly books",
      "company-url": "https://nightly.example",
      email: "jane@demo.example",
      "scope.accounting.settings": "on",
      ...fields,
    });
  }

  /** Presses a button on the page of an app. */
  async presses(page: FormPage, button: string, fields: Readonly<Record<string, string>> = {}): Promise<FormPage> {
    return await this.browser.press(await this.reopens(page), button, fields);
  }

  /** The page of an app as it is now. */
  async reopens(page: FormPage): Promise<FormPage> {
    return await this.browser.open(page.url.replace(/(apps\/[^/]+)\/.*$/, "$1"));
  }
}

/** What a page shows in the element with this id. */
export const shown = (page: FormPage, id: string): string =>
  new RegExp(`id="${id}">([^<]*)<`).exec(page.html)?.[1] ?? `no ${id} on ${page.text()}`;

/** Somebody opens the link of a mail and logs in. */
export async function opensLink(link: string, email: string, browser = new FormBrowser()): Promise<FormPage> {
  const page = await browser.open(link);
  return page.text().includes("Log in to Xero") ? browser.press(page, "Log in", { email, password: "sandbox" }) : page;
}

/** Somebody opens the link of a mail, chooses an organisation and allows access. */
export async function allowsLink(link: string, organisation: string, email = "jane@demo.example"): Promise<FormPage> {
  const browser = new FormBrowser();
  const page = await opensLink(link, email, browser);
  const { name, value } = page.choice(organisation);
  return await browser.press(page, "Allow access", { [name]: value });
}
