import type { ErrorCode, Outcome } from "@evergrant/core";
import type { Channel } from "./notice-store.ts";

/** Something worth counting; holds no secret, and nothing of which there could be very many kinds. */
export type Observation =
  /** Somebody asked for a token: answered, or the code of the refusal. */
  | { readonly kind: "token-asked"; readonly outcome: "answered" | ErrorCode; readonly tookMs: number }
  /** One attempt at a provider's token endpoint, from its intent to its settle. */
  | {
      readonly kind: "attempt";
      readonly provider: string;
      readonly grant: "refresh-token" | "client-credentials" | "authorization-code";
      readonly outcome: Outcome["kind"];
      readonly tookMs: number;
    }
  /** One record of the journal, from its order to its place on the disk. */
  | { readonly kind: "journal-append"; readonly outcome: "written" | "failed"; readonly tookMs: number }
  /** A try to bring somebody one mail or one post. */
  | {
      readonly kind: "notice-sent";
      readonly channel: Channel;
      readonly outcome: "sent" | "failed" | "refused" | "gone";
    };

export type Observe = (observation: Observation) => void;
