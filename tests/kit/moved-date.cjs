// Preloaded into a client: its wall clock is the machine's and as much more as a test has moved its sandbox's. Timers stay real.
// A program that hears of each move calls `moveDate`; one that does not is started with EVERGRANT_TEST_MOVED_MS.
let movedByMs = Number(process.env.EVERGRANT_TEST_MOVED_MS ?? 0);

globalThis.moveDate = (ms) => {
  movedByMs = ms;
};

const movedNow = (date) => date.now() + movedByMs;

globalThis.Date = new Proxy(Date, {
  construct: (date, parts, target) => Reflect.construct(date, parts.length === 0 ? [movedNow(date)] : parts, target),
  apply: (date) => new date(movedNow(date)).toString(),
  get: (date, name) => (name === "now" ? () => movedNow(date) : Reflect.get(date, name)),
});
