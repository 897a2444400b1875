/**
 * I14 secrecy: a value that cannot be printed by accident: template strings, JSON, inspection and concatenation all see `[secret]`.
 * `reveal()` marks the few places where the value leaves: building a request and sealing.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return "[secret]";
  }

  toJSON(): string {
    return "[secret]";
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return "[secret]";
  }
}
