import { request as httpRequest } from "node:http";
import { expect, test } from "vitest";
import type { ClockLine } from "./followers.ts";
import { createSandbox, type Sandbox } from "./index.ts";

const hour = 3_600_000;
const day = 24 * hour;

interface Worker {
  /** What it has done, by its own (moved) clock. */
  readonly worked: number[];
  /** How long after it was due each was done, by that clock. */
  readonly lateMs: number[];
  stop(): void;
}

interface WorkerOptions {
  readonly idle?: boolean;
  /** How long, in real time, each of its reports takes. */
  readonly reportsAfterMs?: number;
}

/** A process with a job after each of these pauses, the last of them again and again, that follows the sandbox's clock over HTTP, as a real one does. */
async function aWorker(
  sandbox: Sandbox,
  pauses: number | readonly number[],
  { idle = true, reportsAfterMs = 0 }: WorkerOptions = {},
): Promise<Worker> {
  const worked: number[] = [];
  const lateMs: number[] = [];
  const startedMs = sandbox.control.clock().nowMs;
  const pausesMs = [pauses].flat();
  const pauseMs = () => pausesMs[Math.min(worked.length, pausesMs.length - 1)] ?? Number.NaN;
  let dueMs = startedMs + pauseMs();
  let id = "";
  let buffered = "";
  let ready = () => {};
  const firstReport = new Promise<void>((resolve) => {
    ready = resolve;
  });
  const onLine = async (line: ClockLine) => {
    if (line.type === "welcome") {
      id = line.followerId;
      return;
    }
    const nowMs = sandbox.control.clock().nowMs;
    while (dueMs <= nowMs) {
      worked.push(dueMs - startedMs);
      lateMs.push(nowMs - dueMs);
      dueMs += pauseMs();
    }
    await new Promise((resolve) => setTimeout(resolve, reportsAfterMs));
    await fetch(`${sandbox.urls.control}/clock/followers/${id}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ clockId: line.id, nextDueMs: dueMs, idle }),
    });
    ready();
  };
  const stream = httpRequest(`${sandbox.urls.control}/clock/follow`, (answer) => {
    answer.on("data", (piece: Buffer) => {
      buffered += piece.toString();
      const lines = buffered.split("\n");
      buffered = lines.pop() ?? "";
      for (const line of lines) void onLine(JSON.parse(line) as ClockLine).catch(() => undefined);
    });
    answer.on("error", () => undefined);
  });
  stream.on("error", () => undefined);
  stream.end();
  await firstReport;
  return { worked, lateMs, stop: () => stream.destroy() };
}

const advanceByHttp = (sandbox: Sandbox, body: unknown) =>
  fetch(`${sandbox.urls.control}/clock/advance`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });

test("a following process lives through every one of its due instants on the way", async () => {
  await using sandbox = await createSandbox();
  const worker = await aWorker(sandbox, hour);
  const answer = await advanceByHttp(sandbox, { by: "61d" });
  const advanced = (await answer.json()) as { nowMs: number; offsetMs: number; steps: number };
  expect(worker.worked.length).toBe(61 * 24);
  expect(advanced.steps).toBeGreaterThanOrEqual(61 * 24);
  expect(advanced.offsetMs).toBeGreaterThan(61 * day - 60_000);
  worker.stop();
});

test("a due instant that passes while others are waited for is not leapt over", async () => {
  await using sandbox = await createSandbox();
  const quick = await aWorker(sandbox, [hour, 5, hour]);
  const slow = await aWorker(sandbox, 2 * day, { reportsAfterMs: 50 });
  await sandbox.control.advance({ by: "1d" });
  expect(quick.worked.slice(0, 2)).toEqual([hour, hour + 5]);
  expect(Math.max(...quick.lateMs)).toBeLessThan(hour / 2);
  quick.stop();
  slow.stop();
});

test("two followers and a scheduled event are met in order", async () => {
  await using sandbox = await createSandbox();
  const [fast, slow] = [await aWorker(sandbox, 10 * hour), await aWorker(sandbox, 24 * hour)];
  const userId = sandbox.control.users()[0]?.id ?? "";
  const organisationId = sandbox.control.organisations()[0]?.id ?? "";
  sandbox.control.schedule({
    at: sandbox.control.clock().nowMs + 15 * hour,
    action: { kind: "set-role", userId, organisationId, role: null },
  });
  const { steps } = await sandbox.control.advance({ by: "2d" });
  expect([fast.worked.length, slow.worked.length]).toEqual([4, 2]);
  expect(steps).toBeGreaterThanOrEqual(6);
  expect(sandbox.control.state().scheduled).toEqual([]);
  fast.stop();
  slow.stop();
});

test("a follower whose connection closed is not waited for", async () => {
  await using sandbox = await createSandbox();
  const worker = await aWorker(sandbox, hour, { idle: false });
  const advancing = sandbox.control.advance({ by: "1d" });
  worker.stop();
  expect((await advancing).steps).toBe(1);
  expect(sandbox.control.clock().followers).toEqual([]);
});

test("a follower that never becomes idle is named, with 504", async () => {
  await using sandbox = await createSandbox({ followerTimeoutMs: 50 });
  const worker = await aWorker(sandbox, hour, { idle: false });
  const answer = await advanceByHttp(sandbox, { by: "1d" });
  expect([answer.status, await answer.json()]).toEqual([
    504,
    { error: { code: "follower_not_idle", message: expect.stringContaining("follower-1") } },
  ]);
  worker.stop();
});

test("the clock only moves forward and stays within what a date can hold", async () => {
  await using sandbox = await createSandbox();
  const code = async (body: unknown) =>
    ((await (await advanceByHttp(sandbox, body)).json()) as { error?: { code: string } }).error?.code;
  expect(await code({ to: "2001-01-01T00:00:00Z" })).toBe("clock_backwards");
  expect(await code({ by: "999999999999d" })).toBe("clock_too_far");
  expect(await code({ by: "soon" })).toBe("bad_request");
  expect(await code({ to: 1, by: 1 })).toBe("bad_request");
  expect(await code({ to: "2099-01-01T00:00:00Z" })).toBeUndefined();
  expect(sandbox.control.clock().now).toContain("2099-01-01T");
});
