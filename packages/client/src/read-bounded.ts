/** The body as text; null where it is longer than `maxBytes`. */
export async function readBounded(response: Response, maxBytes: number): Promise<string | null> {
  if (response.body === null) return "";
  const pieces: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop early cancels the stream, and with it the connection.
  for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>) {
    length += piece.byteLength;
    if (length > maxBytes) return null;
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
}
