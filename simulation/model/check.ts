import { violatedInvariant } from "./invariants.ts";
import { NETWORK_RULES } from "./network-rules.ts";
import { NODE_RULES } from "./node-rules.ts";
import type { InvariantName, Laws, Plan, Verdict } from "./plan.ts";
import type { Rule } from "./rule.ts";
import { StateSet } from "./state-set.ts";
import { SURROUNDINGS_RULES } from "./surroundings-rules.ts";
import { initialWorld, type World } from "./world.ts";
import { fitsCode, MAX_AGE, packWorld, unpackWorld, WORLD_BYTES } from "./world-code.ts";

/**
 * Searches every history of a plan, shortest first.
 * @throws RangeError where the plan's clock outgrows what a state can hold.
 */
export function check(plan: Plan): Verdict {
  if (plan.ticks.horizon > MAX_AGE) throw new RangeError(`The model counts up to ${MAX_AGE} ticks.`);
  const laws = lawsOf(plan);
  const search = new Search(plan, laws);
  for (let index = 0; index < search.states.size; index++) {
    const invariant = search.expand(index);
    if (invariant !== null) {
      return { kind: "violated", states: search.states.size, invariant, steps: search.history(search.states.size - 1) };
    }
    if (search.states.size >= plan.maxStates) return { kind: "bounded", states: search.states.size };
  }
  return { kind: search.isCut ? "bounded" : "exhausted", states: search.states.size };
}

// An early confirm is the protocol with a window that opens at once.
function lawsOf(plan: Plan): Laws {
  const { mode, protocol, secondConsent } = plan;
  const ticks = protocol.confirm === "early" ? { ...plan.ticks, confirmFrom: 0, confirmUntil: 1 } : plan.ticks;
  return { mode, protocol, secondConsent, ticks };
}

const RULES: readonly Rule[] = [...NODE_RULES, ...NETWORK_RULES, ...SURROUNDINGS_RULES];
const MAX_SUBJECTS = 8;

class Search {
  readonly states = new StateSet(WORLD_BYTES);
  /** A history outgrew what a state can hold and was not followed further. */
  isCut = false;
  readonly #laws: Laws;
  readonly #current: World;
  readonly #next: World;
  /** By state: the state it came from, and the step that led to it. */
  readonly #origins: number[] = [-1];
  readonly #steps: number[] = [-1];

  constructor(plan: Plan, laws: Laws) {
    this.#laws = laws;
    this.#current = initialWorld(plan);
    this.#next = initialWorld(plan);
    packWorld(this.#current, this.states.bytes, this.states.end);
    this.states.keep();
  }

  /** Takes every step that one state allows; stops at the first that violates an invariant, whose state is then the last. */
  expand(index: number): InvariantName | null {
    const world = this.#current;
    unpackWorld(this.states.bytes, index * WORLD_BYTES, world);
    let rule = 0;
    for (const group of [NODE_RULES, NETWORK_RULES, SURROUNDINGS_RULES]) {
      const subjects = group === NODE_RULES ? 2 : group === NETWORK_RULES ? world.messages.length : 1;
      for (const each of group) {
        for (let subject = 0; subject < subjects; subject++) {
          if (!each.can(world, subject, this.#laws)) continue;
          const invariant = this.#take(index, rule * MAX_SUBJECTS + subject);
          if (invariant !== null) return invariant;
        }
        rule++;
      }
    }
    return null;
  }

  /** The sentences that lead from the beginning to a state. */
  history(index: number): readonly string[] {
    const sentences: string[] = [];
    for (let at = index; at > 0; at = this.#origins[at] ?? 0) {
      const { rule, subject } = stepOf(this.#steps[at] ?? 0);
      unpackWorld(this.states.bytes, (this.#origins[at] ?? 0) * WORLD_BYTES, this.#current);
      sentences.unshift(rule.says(this.#current, subject, this.#laws));
    }
    return sentences;
  }

  #take(from: number, step: number): InvariantName | null {
    const { states } = this;
    const next = this.#next;
    unpackWorld(states.bytes, from * WORLD_BYTES, next);
    const { rule, subject } = stepOf(step);
    rule.does(next, subject, this.#laws);
    if (!fitsCode(next)) {
      this.isCut = true;
      return null;
    }
    packWorld(next, states.bytes, states.end);
    if (!states.keep()) return null;
    this.#origins.push(from);
    this.#steps.push(step);
    return violatedInvariant(next, this.#laws);
  }
}

function stepOf(step: number): { rule: Rule; subject: number } {
  const rule = RULES[Math.floor(step / MAX_SUBJECTS)];
  if (rule === undefined) throw new RangeError(`There is no step ${step}.`);
  return { rule, subject: step % MAX_SUBJECTS };
}
