import { type IncomingMessage, request } from "node:http";

const XERO_HOST = /^(?:login|identity|api)\.xero\.com$/;

/** A `fetch` to which Xero's three hosts are this port of this machine; all else goes where its address says. */
export const xeroNamedFetch =
  (port: number): typeof fetch =>
  (input, init) => {
    const url = new URL(String(input));
    return XERO_HOST.test(url.hostname) ? send(url, port, init) : fetch(input, init);
  };

// Node's own fetch takes no other `Host` than that of the address.
function send(url: URL, port: number, init: RequestInit | undefined): Promise<Response> {
  const form = init?.body instanceof URLSearchParams ? String(init.body) : "";
  const headers = { ...(init?.headers as Record<string, string>), host: url.host };
  const typed = form === "" ? headers : { ...headers, "content-type": "application/x-www-form-urlencoded" };
  return new Promise((resolve, reject) => {
    const path = `${url.pathname}${url.search}`;
    const sent = request({ host: "127.0.0.1", port, path, method: init?.method ?? "GET", headers: typed });
    sent.once("error", reject);
    sent.once("response", (answer) => responseOf(answer).then(resolve, reject));
    sent.end(form);
  });
}

async function responseOf(answer: IncomingMessage): Promise<Response> {
  const headers = new Headers();
  for (const [name, values = []] of Object.entries(answer.headersDistinct))
    for (const value of values) headers.append(name, value);
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  return new Response(Buffer.concat(chunks), { status: answer.statusCode ?? 0, headers });
}
