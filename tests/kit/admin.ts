import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The admin API as an operator with a script would call it. */
export class Admin {
  readonly #url: string;
  readonly #key: string;

  constructor(url: string, folder: string) {
    this.#url = url;
    this.#key = readFileSync(join(folder, "operator-key"), "utf8").trim();
  }

  async get<T>(path: string): Promise<T> {
    return await this.#call<T>("GET", path);
  }

  /** With an idempotency key, where one is given. */
  async post<T>(path: string, body: unknown = {}, once?: string): Promise<T> {
    return await this.#call<T>("POST", path, { body, once });
  }

  async put<T>(path: string, body: unknown): Promise<T> {
    return await this.#call<T>("PUT", path, { body });
  }

  async remove<T>(path: string): Promise<T> {
    return await this.#call<T>("DELETE", path);
  }

  async #call<T>(method: string, path: string, sent: { body?: unknown; once?: string | undefined } = {}): Promise<T> {
    const { body, once } = sent;
    const response = await fetch(`${this.#url}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.#key}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(once === undefined ? {} : { "idempotency-key": once }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === "" ? (undefined as T) : (JSON.parse(text) as T);
  }
}
