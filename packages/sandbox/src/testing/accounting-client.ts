import { expect } from "vitest";
import type { Sandbox } from "../index.ts";
import { type Judge, openApiJudge } from "./openapi-judge.ts";
import { aPerson } from "./person.ts";

/** The members of a JSON object. */
export interface Row {
  readonly [name: string]: unknown;
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed body; an empty object if it is not JSON. */
  readonly json: Row;
}

export interface AccountingClient {
  readonly tenantId: string;
  readonly accessToken: string;
  call(method: string, path: string, options?: CallOptions): Promise<ApiAnswer>;
}

export interface CallOptions {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

const EVERYTHING = "accounting.settings accounting.contacts accounting.transactions";

const folder = process.env.XERO_OPENAPI_DIR;
let loading: Promise<Judge> | null = null;

/** The judge, or null where the machine does not have Xero's OpenAPI file. */
export function judgeIfThere(): Promise<Judge | null> {
  if (folder === undefined || folder === "") return Promise.resolve(null);
  loading ??= openApiJudge(folder);
  return loading;
}

/** For tests: the demo app, connected by Jane. Every JSON answer it gets is held against Xero's OpenAPI file, where that is there. */
export async function aClientOf(
  sandbox: Sandbox,
  wish: { readonly scope?: string; readonly organisation?: string } = {},
): Promise<AccountingClient> {
  const judge = await judgeIfThere();
  const { scope = EVERYTHING, organisation = "Demo Company (NZ)" } = wish;
  const tokens = await aPerson("jane@demo.example").connects(sandbox, { organisation, scope });
  const tenantId = sandbox.control.organisations().find((each) => each.name === organisation)?.id ?? "";
  const call = async (method: string, path: string, { body, headers = {} }: CallOptions = {}) => {
    const response = await fetch(`${sandbox.urls.api}/api.xro/2.0${path}`, {
      method,
      headers: {
        authorization: `Bearer ${tokens.access_token}`,
        accept: "application/json",
        "xero-tenant-id": tenantId,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const [pathname = ""] = path.split("?");
    const isXml = (response.headers.get("content-type") ?? "").includes("xml");
    if (judge !== null && !isXml) {
      const problems = judge.problems({ method, path: pathname, status: response.status, body: text });
      expect(problems, `${method} ${path} → ${response.status}\n${text.slice(0, 2000)}`).toEqual([]);
    }
    return { status: response.status, headers: response.headers, text, json: jsonOf(text) };
  };
  return { tenantId, accessToken: tokens.access_token, call };
}

function jsonOf(text: string): Row {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
