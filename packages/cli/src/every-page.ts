/** A page of a list of the admin API. */
interface Paged {
  readonly next: string | null;
}

/** A whole list, read page by page. */
export async function everyPage<Answer extends Paged, Item>(
  ask: (query: Readonly<Record<string, string>>) => Promise<Answer>,
  itemsOf: (answer: Answer) => readonly Item[],
): Promise<readonly Item[]> {
  const items: Item[] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const answer: Answer = await ask(cursor === "" ? {} : { cursor });
    items.push(...itemsOf(answer));
    cursor = answer.next;
  }
  return items;
}
