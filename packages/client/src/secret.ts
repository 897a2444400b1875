/**
 * A value that cannot be printed by accident: template strings, JSON, inspection and concatenation all see `[secret]`.
 * `reveal()` gives it, where it really has to leave.
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
