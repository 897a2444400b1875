import { readFileSync } from "node:fs";
import newman from "newman";

const collection = JSON.parse(readFileSync(new URL("./xero-collection.json", import.meta.url), "utf8"));

export function create({ clientId, clientSecret, redirectUri, scope }) {
  let values = { clientId, clientSecret, redirectUri, scope, state: "a-state" };
  const run = async (folder, given = {}) => {
    values = await runFolder(folder, { ...values, ...given });
  };
  return {
    // A collection opens no browser: its first request is there to be opened in one.
    consentUrl() {
      const { url } = collection.item.find(({ name }) => name === "Consent").item[0].request;
      return url.raw.replaceAll(/\{\{(\w+)\}\}/g, (_, name) => encodeURIComponent(values[name]));
    },
    callback: (url) => run("Tokens", { code: new URL(url).searchParams.get("code") }),
    refresh: () => run("Refresh"),
    call: () => run("Organisation"),
    revoke: () => run("Revoke"),
  };
}

/** Runs a folder with these values; the values afterwards. */
function runFolder(folder, values) {
  const environment = { values: Object.entries(values).map(([key, value]) => ({ key, value })) };
  return new Promise((resolve, reject) => {
    newman.run({ collection, folder, environment, bail: true }, (error, summary) => {
      const [failure] = summary?.run?.failures ?? [];
      if (error || failure) reject(new RunFailed(error ?? failure.error, summary?.run?.executions?.at(-1)?.response));
      else resolve(summary.environment.values.toObject());
    });
  });
}

class RunFailed extends Error {
  constructor(error, response) {
    super(error.message);
    this.response = response;
  }
}

export function told({ response }) {
  return {
    code: /"error":"(\w+)"/.exec(response?.text() ?? "")?.[1] ?? null,
    status: response?.code ?? null,
    retryAfter: response?.headers?.get("retry-after") ?? null,
  };
}
