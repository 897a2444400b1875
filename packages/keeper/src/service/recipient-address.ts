import { EvergrantError } from "@evergrant/core";
import type { Channel } from "../ports/notice-store.ts";

const LOOPBACK = ["localhost", "127.0.0.1", "[::1]"];

/** The address of a recipient in the one form in which it is kept. @throws recipient_address_invalid */
export function checkedAddress(channel: Channel, given: string): string {
  const address = channel === "email" ? mailAddress(given.trim()) : webAddress(given.trim());
  if (address === null) throw new EvergrantError("recipient_address_invalid");
  return address;
}

// One plain address: no list, no comment, no line break.
function mailAddress(text: string): string | null {
  return text.length <= 254 && /^[^\s@<>(),;:"\\[\]]+@[^\s@<>(),;:"\\[\]]+$/.test(text) ? text : null;
}

// What is told names connections and links: off this machine it travels encrypted.
function webAddress(text: string): string | null {
  const url = URL.parse(text);
  if (url === null || text.length > 2_000 || url.username !== "" || url.password !== "" || url.hash !== "") return null;
  const isLocal = url.protocol === "http:" && LOOPBACK.includes(url.hostname);
  return url.protocol === "https:" || isLocal ? url.href : null;
}
