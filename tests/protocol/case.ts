import type { Conversation } from "./conversation.ts";

/** One question to an authorization server, and what the standard lets it answer. */
export interface ProtocolCase {
  readonly name: string;
  readonly rule: string;
  /** Asks, and tells what was seen in a few words. */
  ask(conversation: Conversation): Promise<string>;
  /** Every answer that keeps the rule. */
  readonly allowed: readonly string[];
}
