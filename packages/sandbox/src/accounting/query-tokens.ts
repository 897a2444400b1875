import { badQuery } from "./refusals.ts";

/** One piece of a `where` or `order` parameter. */
export type Token =
  | { readonly kind: "word"; readonly text: string }
  | { readonly kind: "string"; readonly text: string }
  | { readonly kind: "number"; readonly text: string }
  | { readonly kind: "sign"; readonly text: string };

const pieces =
  /\s+|(?<word>[A-Za-z_][A-Za-z0-9_]*)|(?<number>\d+(?:\.\d+)?m?)|"(?<string>(?:[^"\\]|\\.|"")*)"|(?<sign>==|!=|<>|<=|>=|&&|\|\||[=<>!().,-])/gy;

/** Cuts a query into tokens; throws `bad-query`. */
export function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let position = 0;
  while (position < text.length) {
    pieces.lastIndex = position;
    const match = pieces.exec(text);
    if (match === null) throw badQuery(wrongPiece(text, position));
    position = pieces.lastIndex;
    const { word, number, string, sign } = match.groups ?? {};
    if (word !== undefined) tokens.push({ kind: "word", text: word });
    else if (number !== undefined) tokens.push({ kind: "number", text: number.replace("m", "") });
    else if (string !== undefined)
      tokens.push({ kind: "string", text: string.replaceAll('""', '"').replaceAll(/\\(.)/g, "$1") });
    else if (sign !== undefined) tokens.push({ kind: "sign", text: sign });
  }
  return tokens;
}

function wrongPiece(text: string, position: number): string {
  switch (text[position]) {
    case '"':
      return "Unterminated string literal";
    case "'":
      return "Character literal must contain exactly one character";
    default:
      return `Syntax error '${text[position] ?? ""}'`;
  }
}
