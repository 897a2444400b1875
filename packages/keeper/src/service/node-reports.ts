import type { NodeReport } from "../ports/node-store.ts";
import type { ServiceContext } from "./service-context.ts";

/** What this node says of itself in the store: which keys it has, and how clean its journal is. */
export class NodeReports {
  readonly #context: ServiceContext;
  #erasedToMs = 0;
  #told: NodeReport | null = null;

  constructor(context: ServiceContext) {
    this.#context = context;
  }

  async tell(news: { readonly erasedToMs?: number } = {}): Promise<void> {
    const { store, node, time, custody } = this.#context;
    this.#erasedToMs = Math.max(this.#erasedToMs, news.erasedToMs ?? 0);
    const keys = custody === null ? NO_KEYS : await custody.held();
    const report = { node, keys, erasedToMs: this.#erasedToMs, toldAtMs: time.wallMs() };
    await store.nodes.report(report);
    this.#told = report;
  }

  /** Tells again what has changed, and from time to time that this node is alive. */
  async tellIfDue(): Promise<void> {
    const { time, limits, custody } = this.#context;
    const told = this.#told;
    if (custody === null) return;
    const keys = await custody.held();
    const isOld = told === null || time.wallMs() - told.toldAtMs >= limits.marginMs * TOLD_EVERY_MARGINS;
    if (isOld || JSON.stringify(told.keys) !== JSON.stringify(keys)) await this.tell();
  }
}

const NO_KEYS: NodeReport["keys"] = { primary: "", ring: [], journal: [] };
const TOLD_EVERY_MARGINS = 6;
