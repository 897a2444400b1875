import { EvergrantError, Secret } from "@evergrant/core";
import type { SealContext, Sealed, Sealer, WrappedKey } from "@evergrant/keeper/parts";

interface Box {
  readonly key: WrappedKey;
  readonly context: SealContext;
  readonly plain: string;
}

/**
 * Sealing without cryptography, but with its rules: a value opens with the key and the context it was sealed with, and nowhere
 * else. What is sealed is a number, so a plain text can only get into a database or a log by not being sealed.
 */
export class Vault implements Sealer {
  readonly #boxes: Box[] = [];
  readonly #owners = new Map<WrappedKey, string>();

  newDataKey(owner: string): WrappedKey {
    const key = `key:${this.#owners.size}:${owner}` as WrappedKey;
    this.#owners.set(key, owner);
    return key;
  }

  seal(key: WrappedKey, context: SealContext, plain: Secret): Sealed {
    if (this.#owners.get(key) !== context.owner) throw misfit("a data key of another owner");
    this.#boxes.push({ key, context, plain: plain.reveal() });
    return `sealed:${this.#boxes.length - 1}` as Sealed;
  }

  open(key: WrappedKey, context: SealContext, sealed: Sealed): Secret {
    const box = this.#boxes[Number(sealed.slice("sealed:".length))];
    if (box === undefined || box.key !== key || !sameContext(box.context, context)) throw misfit("a sealed value");
    return new Secret(box.plain);
  }

  authenticate(purpose: string, text: string): string {
    return `${keyedHash(`${purpose}\n${text}`, 1)}${keyedHash(text, 2)}`;
  }

  /** For the auditor alone: what is inside, whatever key and context belong to it. */
  look(sealed: Sealed): string {
    return this.#boxes[Number(sealed.slice("sealed:".length))]?.plain ?? "";
  }
}

function sameContext(a: SealContext, b: SealContext): boolean {
  return a.owner === b.owner && a.chain === b.chain && a.kind === b.kind && a.version === b.version;
}

function misfit(what: string): EvergrantError {
  return new EvergrantError("internal_error", { detail: `${what} does not open here` });
}

function keyedHash(text: string, key: number): string {
  let a = 0xdead_beef ^ key;
  let b = 0x41c6_ce57 ^ key;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    a = Math.imul(a ^ code, 0x9e37_79b1);
    b = Math.imul(b ^ code, 0x5f35_6495);
  }
  return (a >>> 0).toString(16).padStart(8, "0") + (b >>> 0).toString(16).padStart(8, "0");
}
