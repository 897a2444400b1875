import { request } from "node:http";
import type { Command } from "commander";
import { SANDBOX_ERRORS, SandboxError, type SandboxErrorCode } from "../errors.ts";
import { clockMove } from "./sandbox-options.ts";

/** `sandbox advance`: time passes. */
export function addAdvance(program: Command): void {
  withUrl(program.command("advance"))
    .description("move the clock of a running sandbox forward: by a duration (31m, 61d) or to an instant")
    .argument("<time>", 'such as "31m", "61d", or "2027-09-01"')
    .action(async (time: string, { url }: Options) => {
      const clock = (await post(url, "clock/advance", clockMove(time))) as { readonly nowMs: number };
      process.stdout.write(`It is ${new Date(clock.nowMs).toISOString()}.\n`);
    });
}

/** `sandbox lose-next-refresh`: the refresh happens, and nobody hears of it. */
export function addLoseNextRefresh(program: Command): void {
  withUrl(program.command("lose-next-refresh"))
    .description("the next refresh is carried out and its answer is lost: the connection drops after the commit")
    .argument("[client-id]", "only of this app (default: of any)")
    .action(async (clientId: string | undefined, { url }: Options) => {
      await post(url, "faults/drop-next-refresh", clientId === undefined ? {} : { clientId });
      process.stdout.write("The answer to the next refresh will be lost.\n");
    });
}

interface Options {
  readonly url: string;
}

const withUrl = (command: Command): Command =>
  command.option("--url <url>", "the running sandbox", process.env["EVERGRANT_SANDBOX_URL"] ?? "http://localhost:4181");

function post(url: string, path: string, body: object): Promise<unknown> {
  const unreachable = (cause?: unknown) =>
    new SandboxError(
      "sandbox_unreachable",
      `No sandbox answers at ${url}. Start one with "sandbox start", and give its address with --url.`,
      { cause },
    );
  const target = URL.parse(`/__sandbox/${path}`, url);
  if (target?.protocol !== "http:") return Promise.reject(unreachable());
  return new Promise((resolve, reject) => {
    const asked = request(target, { method: "POST", headers: { "content-type": "application/json" } }, (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (piece: string) => {
        text += piece;
      });
      answer.on("error", (error) => reject(unreachable(error)));
      answer.on("end", () => {
        try {
          const value = JSON.parse(text);
          if (answer.statusCode === 200) resolve(value);
          else reject(refusal(value));
        } catch (error) {
          reject(unreachable(error));
        }
      });
    });
    asked.on("error", (error) => reject(unreachable(error)));
    asked.end(JSON.stringify(body));
  });
}

function refusal({ error }: { readonly error?: { readonly code?: string; readonly message?: string } }): SandboxError {
  const code = Object.hasOwn(SANDBOX_ERRORS, error?.code ?? "") ? (error?.code as SandboxErrorCode) : "bad_request";
  return new SandboxError(code, error?.message ?? "The sandbox refused.");
}
