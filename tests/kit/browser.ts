import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inflate } from "@sparticuz/chromium";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";

const root = join(import.meta.dirname, "../..");
const packed = join(root, "node_modules/@sparticuz/chromium/bin");
const unpacked = join(root, "node_modules/.cache/evergrant-chromium");

/** A headless Chromium from the package registry, with the libraries it ships: no system package is needed. */
export async function launchBrowser(): Promise<Browser> {
  await unpack();
  const libraries = [join(unpacked, "al2023/lib"), process.env["LD_LIBRARY_PATH"]].filter(Boolean).join(":");
  return await chromium.launch({
    executablePath: join(unpacked, "chromium"),
    headless: true,
    // As root Chromium refuses its own sandbox; the pages it opens are ours, on loopback.
    args: [
      "--no-sandbox",
      "--no-zygote",
      "--disable-gpu",
      "--disable-background-networking",
      "--disable-quic",
      "--headless=shell",
    ],
    env: { ...process.env, LD_LIBRARY_PATH: libraries, FONTCONFIG_FILE: fontsFile() } as Record<string, string>,
  });
}

// The package's own file names folders of another kind of machine. Without a font text has no height, and nothing on a page is visible.
function fontsFile(): string {
  const file = join(unpacked, "fonts.conf");
  const folders = `<dir>${join(unpacked, "fonts/fonts")}</dir><cachedir>${join(unpacked, "fonts-cache")}</cachedir>`;
  writeFileSync(file, `<?xml version="1.0"?>\n<fontconfig>${folders}</fontconfig>\n`);
  return file;
}

/** A person at a browser of their own: nothing is shared with another person's. */
export async function aPerson(browser: Browser): Promise<{ page: Page; context: BrowserContext } & AsyncDisposable> {
  const context = await browser.newContext();
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  return { page, context, [Symbol.asyncDispose]: () => context.close() };
}

// The package unpacks into the temporary folder; for the time of the call that is one that a clean install removes.
async function unpack(): Promise<void> {
  const done = join(unpacked, "complete");
  if (existsSync(done)) return;
  mkdirSync(unpacked, { recursive: true });
  const before = process.env["TMPDIR"];
  process.env["TMPDIR"] = unpacked;
  try {
    for (const archive of ["chromium.br", "fonts.tar.br", "swiftshader.tar.br", "al2023.tar.br"])
      await inflate(join(packed, archive));
    writeFileSync(done, "");
  } finally {
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
  }
}
