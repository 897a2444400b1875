import { type FollowedTime, followedTime, type Time } from "@evergrant/keeper";

/** Followed time that calls `onChange` whenever its soonest timer may have become another one: set, fired or cancelled. */
export function watchedTime(base: Time, onChange: () => void): FollowedTime {
  const followed = followedTime(base);
  return {
    wallMs: () => followed.wallMs(),
    monotonicMs: () => followed.monotonicMs(),
    nextTimerMs: () => followed.nextTimerMs(),
    setOffsetMs(offsetMs) {
      followed.setOffsetMs(offsetMs);
      onChange();
    },
    setTimer(delayMs, fire) {
      const timer = followed.setTimer(delayMs, () => {
        try {
          fire();
        } finally {
          onChange();
        }
      });
      onChange();
      return {
        cancel: () => {
          timer.cancel();
          onChange();
        },
      };
    },
  };
}
