/** The path of one API call, as it is judged and as it is sent: both the same text. */
export interface ApiPath {
  /** Begins with a slash; percent-encoded, characters that need no encoding decoded (RFC 3986 §6.2.2.2). */
  readonly text: string;
}

/** A path pattern: literal segments, `*` for any one segment, and `**` at the end for any number of further ones. */
export type PathPattern = string;

const LONGEST_PATH = 2_000;
const LONGEST_PATTERN = 300;

/**
 * Reads the path of a call to an API. What two servers could read differently is refused: dot segments, empty segments, encoded
 * slashes, backslashes and control characters, doubly encoded ones, and bytes that are no UTF-8.
 * @returns the path, or null where it is refused
 */
export function readApiPath(raw: string): ApiPath | null {
  if (raw.length > LONGEST_PATH || !/^(\/([A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})*)+$/.test(raw)) return null;
  const text = raw.replaceAll(/%[0-9A-Fa-f]{2}/g, decodeUnreserved);
  const segments = text.slice(1).split("/");
  const isRead = segments.every((segment, index) => isUnambiguous(segment, index === segments.length - 1));
  return isRead ? { text } : null;
}

/** Whether an allowed pattern covers a path: character for character, since what differs may be something else to the API. */
export function allowsPath(pattern: PathPattern, path: ApiPath): boolean {
  return matches(pattern.slice(1).split("/"), path.text.slice(1).split("/"));
}

/** Whether a forbidding pattern meets a path: in whatever spelling an API could take for the same. */
export function forbidsPath(pattern: PathPattern, path: ApiPath): boolean {
  return matches(
    pattern.slice(1).split("/").map(plain),
    path.text
      .slice(1)
      .split("/")
      .map((segment) => plain(segment.split(";", 1)[0] ?? "")),
  );
}

/** Whether a text is a path pattern. */
export function isPathPattern(text: string): boolean {
  const segments = text.slice(1).split("/");
  const literals = segments.filter(
    (segment, index) => segment !== "*" && !(segment === "**" && index === segments.length - 1),
  );
  return (
    text.startsWith("/") &&
    text.length <= LONGEST_PATTERN &&
    literals.every((segment) => !segment.includes("*")) &&
    readApiPath(`/${literals.join("/")}`)?.text === `/${literals.join("/")}`
  );
}

const UNRESERVED = /[A-Za-z0-9\-._~]/;

function decodeUnreserved(encoded: string): string {
  const character = String.fromCharCode(Number.parseInt(encoded.slice(1), 16));
  return UNRESERVED.test(character) ? character : encoded.toUpperCase();
}

function isUnambiguous(segment: string, isLast: boolean): boolean {
  if (segment === "") return isLast;
  const decoded = decodedSegment(segment);
  if (decoded === null || /[/\\%]|\p{Cc}/u.test(decoded)) return false;
  const name = decoded.split(";", 1)[0] ?? "";
  return name !== "." && name !== ".." && !(name === "" && segment.startsWith(";"));
}

// As a server may read it that maps look-alikes to ASCII. A percent sign that is left is a second encoding.
function decodedSegment(segment: string): string | null {
  try {
    return decodeURIComponent(segment).normalize("NFKC");
  } catch {
    return null;
  }
}

function plain(segment: string): string {
  return (decodedSegment(segment) ?? segment).toLowerCase();
}

function matches(pattern: readonly string[], path: readonly string[]): boolean {
  const [head, ...rest] = pattern;
  if (head === "**" && rest.length === 0) return true;
  const [first, ...others] = path;
  if (head === undefined || first === undefined) return head === undefined && first === undefined;
  // A star stands for a segment with something in it.
  if (head === "*" ? first === "" : head !== first) return false;
  if (others.length === 0 && rest.length === 1 && rest[0] === "**") return true;
  return matches(rest, others);
}
