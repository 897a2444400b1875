/** Where Xero's answers and Xero's own OpenAPI file (16.1.0) contradict each other, and we follow the answers. */
export const EXTRA_MEMBERS: readonly {
  readonly schemas: readonly string[];
  readonly member: string;
  readonly reason: string;
}[] = [
  ...["Id", "Status", "ProviderName", "DateTimeUTC"].map((member) => ({
    schemas: ["Organisations", "Accounts", "Contacts", "Invoices", "Payments", "BankTransactions"],
    member,
    reason: "Every recorded answer has this envelope; the file's examples show it, its schemas do not.",
  })),
  {
    schemas: ["Invoice", "BankTransaction"],
    member: "DateString",
    reason: "Recorded answers and the file's examples have it beside Date; the schemas do not.",
  },
  {
    schemas: ["Invoice"],
    member: "DueDateString",
    reason: "Recorded answers and the file's examples have it beside DueDate; the schema does not.",
  },
  ...["Type", "LineItems", "BankAccount", "InvoiceNumber", "AccountID", "Name", "PaymentID", "HasValidationErrors"].map(
    (member) => ({
      schemas: ["Element"],
      member,
      reason:
        "An element of a 400 is the whole element that failed (Xero-Java issue 171); the schema has its ids alone.",
    }),
  ),
];

/** Statuses that Xero answers with although the file does not name them for an operation. */
export const UNNAMED_STATUSES: Readonly<
  Record<number, { readonly body: "error" | "problem" | "text"; readonly reason: string }>
> = {
  400: {
    body: "error",
    reason: "A GET with a bad `where` is a QueryParseException; the file names 400 for writes alone.",
  },
  401: { body: "problem", reason: "Captured answers to bad tokens; the file describes no authentication error." },
  403: { body: "problem", reason: "Captured answers to a wrong tenant; the file describes none." },
  404: { body: "text", reason: "Captured as one sentence of text; the file describes none." },
  429: { body: "text", reason: "Documented beside the file, which describes none." },
};

/** Members the file requires and an element that was refused cannot have. */
export const MISSING_MEMBERS: readonly { readonly schema: string; readonly member: string; readonly reason: string }[] =
  [
    {
      schema: "BankTransaction",
      member: "Type",
      reason: "With summarizeErrors=false a bank transaction that came without a valid Type is answered without one.",
    },
  ];
