import fc from "fast-check";
import { expect, test } from "vitest";
import { type Change, createEngine, createLedger, type Organisation } from "../engine/index.ts";
import { seededMint } from "../seeded-mint.ts";
import { openBooks } from "./books.ts";
import { type AccountingCall, callAccounting } from "./call.ts";
import { invoices } from "./invoices.ts";
import { amountDue, amountPaid } from "./outstanding.ts";
import { payments } from "./payments.ts";
import { RefusedCall } from "./refusals.ts";
import { seedBooks } from "./seed-books.ts";
import { cents } from "./values.ts";

const nowMs = Date.UTC(2026, 5, 30);
const organisation: Organisation = {
  id: "11111111-1111-4111-8111-111111111111",
  name: "Ours",
  legalName: "Ours",
  shortCode: "!ours",
  countryCode: "NZ",
  baseCurrency: "NZD",
  timezone: "UTC",
  isDemoCompany: false,
  createdAtMs: nowMs,
};

function someBooks() {
  const written: (readonly Change[])[] = [];
  const engine = createEngine({
    ledger: createLedger([], (changes) => written.push(changes)),
    mint: seededMint(() => "1"),
    dialect: "xero",
  });
  engine.run(nowMs, (turn) => seedBooks(turn, organisation));
  const call = (
    asked: Pick<AccountingCall, "method" | "resource" | "id"> & { readonly body: unknown },
  ): "ok" | "refused" => {
    try {
      const { kind } = engine.run(nowMs, (turn) =>
        callAccounting(openBooks(turn, organisation, "APP"), {
          ...asked,
          query: new Map(),
          ifModifiedSince: null,
          body: JSON.stringify(asked.body),
        }),
      );
      return kind === "members" ? "ok" : "refused";
    } catch (error) {
      if (error instanceof RefusedCall) return "refused";
      throw error;
    }
  };
  const read = <R>(look: (books: ReturnType<typeof openBooks>) => R): R =>
    engine.run(nowMs, (turn) => look(openBooks(turn, organisation, null)));
  return { written, call, read };
}

type Step =
  | { readonly kind: "invoice"; readonly amount: number; readonly type: string; readonly status: string }
  | { readonly kind: "change"; readonly which: number; readonly body: object }
  | { readonly kind: "pay"; readonly which: number; readonly amount: number }
  | { readonly kind: "unpay"; readonly which: number };

const amount = fc.integer({ min: 0, max: 50_000 }).map((value) => value / 100);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant("invoice" as const),
    amount,
    type: fc.constantFrom("ACCREC", "ACCPAY"),
    status: fc.constantFrom("DRAFT", "SUBMITTED", "AUTHORISED", "PAID"),
  }),
  fc.record({
    kind: fc.constant("change" as const),
    which: fc.nat(30),
    body: fc.oneof(
      fc.constantFrom(
        { Status: "AUTHORISED" },
        { Status: "VOIDED" },
        { Status: "DELETED" },
        { Status: "DRAFT" },
        { Reference: "x" },
      ),
      amount.map((value) => ({ LineItems: [{ Description: "x", UnitAmount: value, AccountCode: "200" }] })),
    ),
  }),
  fc.record({ kind: fc.constant("pay" as const), which: fc.nat(30), amount: fc.oneof(amount, fc.constant(-1)) }),
  fc.record({ kind: fc.constant("unpay" as const), which: fc.nat(30) }),
);

function carryOut({ call, read }: ReturnType<typeof someBooks>, asked: Step): "ok" | "refused" {
  const pick = <T>(rows: readonly T[], which: number): T | undefined => rows[which % Math.max(1, rows.length)];
  switch (asked.kind) {
    case "invoice": {
      const lines = [{ Description: "x", UnitAmount: asked.amount, AccountCode: "200" }];
      const body = {
        Type: asked.type,
        Status: asked.status,
        Contact: { Name: "Bayside Club" },
        DueDate: "2026-07-30",
        LineItems: lines,
      };
      return call({ method: "PUT", resource: invoices, id: null, body });
    }
    case "change": {
      const id =
        pick(
          read((books) => books.invoices()),
          asked.which,
        )?.id ?? "";
      return call({ method: "POST", resource: invoices, id, body: asked.body });
    }
    case "pay": {
      const invoice = pick(
        read((books) => books.invoices()),
        asked.which,
      );
      const body = { Invoice: { InvoiceID: invoice?.id }, Account: { Code: "090" }, Amount: asked.amount };
      return call({ method: "PUT", resource: payments, id: null, body });
    }
    case "unpay": {
      const id =
        pick(
          read((books) => books.payments()),
          asked.which,
        )?.id ?? "";
      return call({ method: "POST", resource: payments, id, body: { Status: "DELETED" } });
    }
  }
}

test("whatever is done to invoices and payments, the books add up, and what is refused has changed nothing", () => {
  const outcomes = new Map<string, number>();
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), (steps) => {
      const world = someBooks();
      for (const each of steps) {
        const commits = world.written.length;
        const outcome = carryOut(world, each);
        outcomes.set(`${each.kind} ${outcome}`, (outcomes.get(`${each.kind} ${outcome}`) ?? 0) + 1);
        if (outcome === "refused") expect(world.written.length).toBe(commits);
        world.read((books) => {
          for (const invoice of books.invoices()) {
            const lines = cents(invoice.lines.reduce((sum, line) => sum + line.lineAmount, 0));
            expect(invoice.subTotal).toBe(lines);
            expect(invoice.total).toBe(cents(invoice.subTotal + invoice.totalTax));
            expect(amountPaid(books, invoice.id)).toBeLessThanOrEqual(invoice.total);
            expect(amountDue(books, invoice)).toBeGreaterThanOrEqual(0);
            const isPaid = invoice.status === "PAID";
            if (isPaid) expect(amountDue(books, invoice)).toBe(0);
            expect(invoice.fullyPaidOnMs !== null).toBe(isPaid);
            const payable = isPaid || invoice.status === "AUTHORISED";
            if (amountPaid(books, invoice.id) > 0) expect(payable).toBe(true);
          }
          const numbers = books
            .invoices()
            .filter(({ type }) => type === "ACCREC")
            .map(({ number }) => number);
          expect(new Set(numbers).size).toBe(numbers.length);
        });
      }
    }),
    { numRuns: 60 },
  );
  for (const kind of [
    "invoice ok",
    "invoice refused",
    "change ok",
    "change refused",
    "pay ok",
    "pay refused",
    "unpay ok",
    "unpay refused",
  ])
    expect(outcomes.get(kind) ?? 0, kind).toBeGreaterThan(0);
});
