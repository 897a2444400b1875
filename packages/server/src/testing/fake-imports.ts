import { type ConsentId, EvergrantError } from "@evergrant/core";
import type { Imports, ImportView, NewImport } from "@evergrant/keeper";

/** Takes tokens over and never verifies one. */
export class FakeImports implements Imports {
  /** Every token that was brought, what for, and by whom. */
  readonly imported: (NewImport & { readonly by: string })[] = [];
  readonly #step: () => void;

  constructor(step: () => void) {
    this.#step = step;
  }

  async begin(tokens: readonly NewImport[], by: string): Promise<readonly ImportView[]> {
    this.#step();
    this.imported.push(...tokens.map((token) => ({ ...token, by })));
    return tokens.map(({ connection }, n) => ({
      ...{ id: `cs_${n + 1}` as ConsentId, result: { kind: "pending", connection }, trouble: null },
    }));
  }

  async check(): Promise<void> {
    this.#step();
  }

  async read(): Promise<ImportView> {
    throw new EvergrantError("consent_unknown");
  }
}
