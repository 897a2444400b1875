import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PAGE, renderPage } from "./page.ts";

const root = join(import.meta.dirname, "../..");
const { devDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

writeFileSync(join(root, PAGE), renderPage(devDependencies));
