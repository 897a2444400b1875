import type { LookupFunction } from "node:net";

/** Whether a URL leads to this machine and nowhere else. */
export function isLoopbackUrl(text: string): boolean {
  const url = URL.parse(text);
  return (
    url !== null &&
    /^https?:$/.test(url.protocol) &&
    /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname) &&
    url.username === "" &&
    url.password === ""
  );
}

/** `localhost` is this machine, whatever a resolver says of it. */
export const loopbackLookup: LookupFunction = (_hostname, _options, callback) => {
  callback(null, [
    { address: "127.0.0.1", family: 4 },
    { address: "::1", family: 6 },
  ]);
};
