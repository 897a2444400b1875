import type { Control } from "../control/control.ts";

export const PORTAL_PATH = "/__sandbox/portal";

/** What a page of the portal is made from. */
export interface Visit {
  readonly control: Control;
  readonly csrf: string;
  /** The id in the path: a client's or a mail's. */
  readonly id: string;
}

export const appAddress = (clientId: string): string => `${PORTAL_PATH}/apps/${encodeURIComponent(clientId)}`;
