/** Whether secrets may go there: https, or plain http within this machine; nothing but an address. */
export function isSafeAddress(address: string): boolean {
  const url = URL.canParse(address) ? new URL(address) : null;
  if (url === null || url.username !== "" || url.password !== "" || url.hash !== "") return false;
  const isLoopback = ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
  return url.protocol === "https:" || (url.protocol === "http:" && isLoopback);
}

export function isSafeOrigin(address: string): boolean {
  return isSafeAddress(address) && new URL(address).origin === address;
}
