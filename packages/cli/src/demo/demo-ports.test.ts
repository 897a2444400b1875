import { describe, expect, test } from "vitest";
import { choosePorts } from "./demo-ports.ts";

const remembered = { evergrant: 5000, sandbox: 5001 };

describe("the ports of a demo", () => {
  test.each([
    ["nothing asked, nothing remembered", {}, null, { evergrant: 4180, sandbox: 4181 }],
    ["any free ones", { evergrant: 0, sandbox: 0 }, null, { evergrant: 0, sandbox: 0 }],
    ["remembered ones, when nothing is asked", {}, remembered, remembered],
    ["remembered ones, when any will do", { evergrant: 0, sandbox: 0 }, remembered, remembered],
    ["another one for Evergrant", { evergrant: 6000 }, remembered, { evergrant: 6000, sandbox: 5001 }],
  ])("%s", (_title, asked, known, expected) => {
    const wanted = { evergrant: undefined, sandbox: undefined, ...asked };
    expect(choosePorts(wanted, known)).toEqual(expected);
  });
});
