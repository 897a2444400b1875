import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { expect, test } from "vitest";
import { publishPoint } from "./points.ts";

test("named points are published with their subject, to whoever subscribes", () => {
  const heard: unknown[] = [];
  const listen = (message: unknown) => void heard.push(message);
  publishPoint("sent", "refresh");
  subscribe("evergrant:point", listen);
  publishPoint("journaled", "code");
  unsubscribe("evergrant:point", listen);
  publishPoint("settled", "refresh");
  expect(heard).toEqual([{ point: "journaled", subject: "code" }]);
});
