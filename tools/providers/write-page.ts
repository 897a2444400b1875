import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PAGE, renderPage } from "./page.ts";

const file = join(import.meta.dirname, "../..", PAGE);
writeFileSync(file, renderPage(readFileSync(file, "utf8")));
