/** The few ASN.1 DER forms (ITU-T X.690) that a certificate needs. */
export const sequence = (...parts: readonly Buffer[]): Buffer => tagged(0x30, Buffer.concat(parts));
export const setOf = (...parts: readonly Buffer[]): Buffer => tagged(0x31, Buffer.concat(parts));
export const octets = (content: Buffer): Buffer => tagged(0x04, content);
export const bits = (content: Buffer, unused = 0): Buffer => tagged(0x03, Buffer.concat([Buffer.of(unused), content]));
export const utf8 = (text: string): Buffer => tagged(0x0c, Buffer.from(text, "utf8"));
export const truth = tagged(0x01, Buffer.of(0xff));

/** A positive integer from big-endian bytes. */
export function integer(bytes: Buffer): Buffer {
  const trimmed = bytes.subarray(
    Math.max(
      0,
      bytes.findIndex((byte) => byte !== 0),
    ),
  );
  const signed = (trimmed[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), trimmed]) : trimmed;
  return tagged(0x02, signed);
}

/** An object identifier such as `2.5.4.3`. */
export function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return tagged(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

/** A time: two-digit years until 2049, four-digit after (RFC 5280 §4.1.2.5). */
export function time(year: number): Buffer {
  return year < 2050
    ? tagged(0x17, Buffer.from(`${String(year % 100).padStart(2, "0")}0101000000Z`))
    : tagged(0x18, Buffer.from(`${year}0101000000Z`));
}

/** A context-specific tag: `[n]`, constructed or primitive. */
export const context = (number: number, content: Buffer, form: "constructed" | "primitive"): Buffer =>
  tagged((form === "constructed" ? 0xa0 : 0x80) | number, content);

function tagged(tag: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.of(tag), length(content.length), content]);
}

function length(size: number): Buffer {
  if (size < 0x80) return Buffer.of(size);
  return size < 0x100 ? Buffer.of(0x81, size) : Buffer.of(0x82, size >> 8, size & 0xff);
}

function base128(value: number): readonly number[] {
  const digits = [value & 0x7f];
  for (let rest = value >> 7; rest > 0; rest >>= 7) digits.unshift((rest & 0x7f) | 0x80);
  return digits;
}
