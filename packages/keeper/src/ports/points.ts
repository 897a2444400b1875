/** The named points of the refresh protocol, in the order in which an attempt passes them. */
export const POINTS = [
  "intent-written",
  "intent-journaled",
  "sent",
  "received",
  "journaled",
  "settled",
  "settle-acknowledged",
] as const;
export type Point = (typeof POINTS)[number];

/** What an attempt is about when it passes a point. */
export type PointSubject = "refresh" | "client-credentials" | "code";

/** Total: called at each point, must never throw and never wait. Production publishes on `node:diagnostics_channel`. */
export type Reached = (point: Point, subject: PointSubject) => void;
