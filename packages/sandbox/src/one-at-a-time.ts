/** Begins a piece of work when every earlier one has ended, well or badly. */
export type OneAtATime = <R>(work: () => Promise<R>) => Promise<R>;

export function createOneAtATime(): OneAtATime {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work);
    last = mine.catch(() => undefined);
    return mine;
  };
}
