/// <reference lib="dom" />

/**
 * The page's script, sent to the browser as it stands here, so it may use nothing from outside itself. It puts in what the stream of
 * changes brings, and shows of the form for faults what goes together. Without it the page works, and is reloaded by hand.
 */
export function liveScript(): void {
  const link = document.getElementById("link");
  const say = (text: string) => {
    if (link !== null) link.textContent = text;
  };

  const putIn = (id: string, content: string) => {
    const place = document.getElementById(`live-${id}`);
    if (place === null) return;
    const closed = new Set([...place.querySelectorAll("details:not([open])")].map((each) => each.id));
    place.innerHTML = content;
    for (const each of place.querySelectorAll("details")) if (closed.has(each.id)) each.open = false;
  };

  const stream = new EventSource(document.body.dataset["live"] ?? "");
  stream.addEventListener("open", () => say("live"));
  stream.addEventListener("error", () => say("no connection: what is shown is old"));
  stream.addEventListener("section", (event) => {
    const { id, html } = JSON.parse(event.data) as { readonly id: string; readonly html: string };
    putIn(id, html);
  });
  stream.addEventListener("now", (event) => {
    const now = document.getElementById("now");
    if (now !== null) now.textContent = event.data;
  });

  const form = document.querySelector<HTMLFormElement>('form[action$="/faults"]');
  const listOf = (name: string) => form?.querySelector<HTMLSelectElement>(`select[name=${name}]`) ?? null;
  const endpoint = listOf("endpoint");
  const point = listOf("point");
  const action = listOf("action");
  const showFitting = () => {
    if (form === null || endpoint === null || point === null || action === null) return;
    const side = endpoint.selectedOptions[0]?.dataset["side"] ?? "";
    for (const option of action.options)
      option.disabled = !(option.dataset[side] ?? "").split(" ").includes(point.value);
    if (action.selectedOptions[0]?.disabled === true)
      action.value = [...action.options].find((option) => !option.disabled)?.value ?? action.value;
    for (const label of form.querySelectorAll<HTMLElement>("label[data-of]"))
      label.hidden = !(label.dataset["of"] ?? "").split(" ").includes(action.value);
  };
  form?.addEventListener("change", showFitting);
  showFitting();
}
