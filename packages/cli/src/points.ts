import { channel } from "node:diagnostics_channel";
import type { Reached } from "@evergrant/keeper";

const points = channel("evergrant:point");

/** Publishes the named points of the refresh protocol on the diagnostics channel `evergrant:point`, as `{ point, subject }`. */
export const publishPoint: Reached = (point, subject) => {
  if (points.hasSubscribers) points.publish({ point, subject });
};
