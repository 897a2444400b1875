import { parseArgs } from "node:util";
import { type ChaosOptions, type ChaosReport, chaos } from "./chaos.ts";

const HELP = `Real processes under random harm.

  --minutes N       how long harm is done; fractions too (5)
  --store KIND      postgres: three nodes over a primary and its synchronous standby; sqlite: one node and one file (postgres)
  --seed N          which harms, in which order (1)
  --people N        how many have consented (24)
  --pace PACE       calm: one process is harmed at a time; harsh: all of them at any time, with a short grace (calm)
  --json            print nothing but the report`;

const options = optionsOf(process.argv.slice(2));
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
const report = await chaos(options, options.json ? () => undefined : (line) => console.error(line));
console.log(JSON.stringify(report));
process.exitCode = isBad(report) ? 1 : 0;

function isBad({ lost, wrongTokens }: ChaosReport): boolean {
  return lost > 0 || wrongTokens > 0;
}

function optionsOf(args: string[]): ChaosOptions & { json: boolean } {
  try {
    const { values } = parseArgs({
      args,
      options: {
        minutes: { type: "string", default: "5" },
        store: { type: "string", default: "postgres" },
        seed: { type: "string", default: "1" },
        people: { type: "string", default: "24" },
        pace: { type: "string", default: "calm" },
        json: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) return leave(HELP, 0);
    const { store, json, pace } = values;
    const people = Number(values.people);
    const minutes = Number(values.minutes);
    const seed = Number(values.seed);
    if (!(minutes > 0 && minutes <= 24 * 60)) return leave("--minutes is a number above 0, at most 1440.", 2);
    if (!Number.isSafeInteger(seed) || seed < 0) return leave("--seed is a whole number from 0.", 2);
    if (store !== "postgres" && store !== "sqlite") return leave("--store is postgres or sqlite.", 2);
    if (!Number.isSafeInteger(people) || people < 1 || people > 200)
      return leave("--people is a whole number from 1 to 200.", 2);
    if (pace !== "calm" && pace !== "harsh") return leave("--pace is calm or harsh.", 2);
    return { minutes, seed, store, people, pace, json };
  } catch (error) {
    return leave(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`, 2);
  }
}

function leave(message: string, code: number): never {
  (code === 0 ? console.log : console.error)(message);
  process.exit(code);
}
