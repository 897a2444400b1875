// Runs one client program: does to its client what the test asks for, and tells what came of it.
const program = await import(`./${process.argv[2]}.mjs`);
let client;

const operations = {
  create: async ({ setup, kept }) => {
    client = await program.create({ ...setup, kept });
  },
  kept: () => client.kept?.(),
  consentUrl: () => client.consentUrl(),
  callback: ({ url }) => client.callback(url),
  refresh: () => client.refresh(),
  // All begin before the first has an answer.
  refreshAtOnce: async ({ times }) => {
    const ended = await Promise.allSettled(Array.from({ length: times }, () => client.refresh()));
    return String(ended.filter(({ status }) => status === "fulfilled").length);
  },
  call: () => client.call(),
  revoke: () => client.revoke(),
};

process.on("message", async ({ id, operation, movedByMs, ...given }) => {
  // At the sandbox the clock moves by itself.
  globalThis.moveDate?.(movedByMs);
  try {
    const value = await operations[operation](given);
    process.send({ id, answer: { kind: "done", value: typeof value === "string" ? value : null } });
  } catch (error) {
    process.send({ id, answer: refusal(error) });
  }
});
process.send({ ready: true });

function refusal(error) {
  const message = String(error?.message ?? error).slice(0, 300);
  return { kind: "refused", message, ...program.told(error) };
}
