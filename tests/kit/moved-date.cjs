// Preloaded into a client of a server that is no sandbox: its wall clock is the machine's and as much more as the test says by
// `moveDate`. Timers stay real.
let movedByMs = 0;

globalThis.moveDate = (ms) => {
  movedByMs = ms;
};

const movedNow = (date) => date.now() + movedByMs;

globalThis.Date = new Proxy(Date, {
  construct: (date, parts, target) => Reflect.construct(date, parts.length === 0 ? [movedNow(date)] : parts, target),
  apply: (date) => new date(movedNow(date)).toString(),
  get: (date, name) => (name === "now" ? () => movedNow(date) : Reflect.get(date, name)),
});
